"""What patients ask about their own data, and the answers. There is no way down
while one is open: the release before could not answer it."""

from alembic import op
import sqlalchemy as sa


revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('data_request',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_data_request_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_request'))
    )
    with op.batch_alter_table('data_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_data_request_patient_id'), ['patient_id'], unique=False)
        batch_op.create_index('ix_data_request_state_due_at', ['state', 'due_at'], unique=False)

    op.create_table('data_request_step',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('request_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('words_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['request_id'], ['data_request.id'], name=op.f('fk_data_request_step_request_id_data_request')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_request_step')),
    sa.UniqueConstraint('request_id', 'number', name=op.f('uq_data_request_step_request_id_number'))
    )


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT count(*) FROM data_request WHERE state = 'open'")).scalar():
        raise RuntimeError('answer the open requests of patients first, or go back to a backup')
    op.drop_table('data_request_step')
    op.drop_table('data_request')
