"""Codes for somebody who helps, and sessions that they open. On the way down these sessions are deleted: the release before
would take them for the patient's own."""

from alembic import op
import sqlalchemy as sa


revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('helper_code',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('exam_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('code_generation', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('device', sa.String(length=16), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_helper_code_exam_id_exam')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_helper_code_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_helper_code')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_helper_code_code_hash'))
    )
    with op.batch_alter_table('helper_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_helper_code_exam_id'), ['exam_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_helper_code_expires_at'), ['expires_at'], unique=False)

    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('helper_code_id', sa.Uuid(), nullable=True))
        batch_op.create_index(batch_op.f('ix_patient_session_helper_code_id'), ['helper_code_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_patient_session_helper_code_id_helper_code'), 'helper_code', ['helper_code_id'], ['id'])



def downgrade() -> None:
    op.execute('DELETE FROM patient_session WHERE helper_code_id IS NOT NULL')
    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_patient_session_helper_code_id_helper_code'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_patient_session_helper_code_id'))
        batch_op.drop_column('helper_code_id')
    op.drop_table('helper_code')
