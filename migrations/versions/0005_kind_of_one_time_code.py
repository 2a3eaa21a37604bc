"""A one-time code says whether it was sent or given at the desk: only those that were sent count for the day.

Devices that nobody used for long are looked for: they get an index.
"""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Codes live for ten minutes and count for a day: those of before may all count as sent.
    with op.batch_alter_table('one_time_code', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=8), nullable=False, server_default='sms'))
        # every typed code looks for those of its share code
        batch_op.create_index(batch_op.f('ix_one_time_code_share_code_id'), ['share_code_id'], unique=False)
    with op.batch_alter_table('known_device', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_known_device_last_used_at'), ['last_used_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('known_device', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_known_device_last_used_at'))
    with op.batch_alter_table('one_time_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_one_time_code_share_code_id'))
        batch_op.drop_column('kind')
