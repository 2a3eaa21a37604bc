"""The desk's lists of held exams and of studies that no exam shows: a few rows among a million."""

from alembic import op
import sqlalchemy as sa


revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

INDEXES = (
    ('ix_exam_held', 'exam', 'held_at', 'held_at IS NOT NULL'),
    ('ix_study_order_waiting', 'study_order', 'study_id', "match_state <> 'matched'"),
)


def upgrade() -> None:
    for name, table, column, where in INDEXES:
        op.create_index(name, table, [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table_name=table)
