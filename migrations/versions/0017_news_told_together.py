"""One message tells the news of several exams; when the patient opened them is noted; numbers that want no news."""

from alembic import op
import sqlalchemy as sa


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notification', sa.Column('carried_by_id', sa.Uuid(), nullable=True))
    op.add_column('notification', sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('notification', sa.Column('viewed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f('ix_notification_carried_by_id'), 'notification', ['carried_by_id'])
    op.create_table(
        'opt_out',
        sa.Column('phone_hash', sa.LargeBinary(), nullable=False),
        sa.Column('origin', sa.String(length=16), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('phone_hash', name=op.f('pk_opt_out')),
    )


def downgrade() -> None:
    op.drop_table('opt_out')
    # What goes with a message that is on its way has its state, and becomes a message of its own.
    op.drop_index(op.f('ix_notification_carried_by_id'), table_name='notification')
    op.drop_column('notification', 'viewed_at')
    op.drop_column('notification', 'opened_at')
    op.drop_column('notification', 'carried_by_id')
