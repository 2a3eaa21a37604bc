"""From which session of a guest another one was begun by a ticket: so that one passcode opens few browsers at a time.
Sessions of before count as of a passcode; they last twelve hours at most."""

from alembic import op
import sqlalchemy as sa


revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('guest_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('giver_id', sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f('ix_guest_session_giver_id'), ['giver_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('guest_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_guest_session_giver_id'))
        batch_op.drop_column('giver_id')
