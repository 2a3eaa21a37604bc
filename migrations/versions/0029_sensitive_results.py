"""Rules that keep sensitive results from patients until the desk releases them, and which exams wait for that.

On the way down exams that wait so stay held, as held by staff: the release before knows no other hold that only staff lift.
"""

from alembic import op
import sqlalchemy as sa


revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'sensitive_rule',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('pattern', sa.String(length=64), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_sensitive_rule')),
    )
    op.add_column('exam', sa.Column('sensitive_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('exam', sa.Column('sensitive_released_version', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.execute(sa.text("UPDATE exam SET held_reason = 'by_staff', held_note = '敏感结果' WHERE held_reason = 'sensitive'"))
    op.drop_column('exam', 'sensitive_released_version')
    op.drop_column('exam', 'sensitive_at')
    op.drop_table('sensitive_rule')
