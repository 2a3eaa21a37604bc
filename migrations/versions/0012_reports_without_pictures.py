"""A report whose pictures never come is told alone, once for each patient."""

from alembic import op
import sqlalchemy as sa


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

WITHOUT_PICTURES = sa.text('report_released_at IS NOT NULL AND images_released_at IS NULL')


def upgrade() -> None:
    op.add_column('exam', sa.Column('report_released_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        'ix_exam_without_pictures', 'exam', ['report_released_at'],
        postgresql_where=WITHOUT_PICTURES, sqlite_where=WITHOUT_PICTURES,
    )


def downgrade() -> None:
    op.drop_index('ix_exam_without_pictures', table_name='exam')
    op.drop_column('exam', 'report_released_at')
