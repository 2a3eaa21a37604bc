"""The phone door: digits bound to a phone number and a browser, and sessions that open the exams of one person.

On the way down sessions of the phone door end and their digits go: neither lives longer than half a day.
"""

from alembic import op
import sqlalchemy as sa



revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

ASKED = [f'asked_{number}_at' for number in range(1, 11)]


def upgrade() -> None:
    op.create_table(
        'phone_code',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('phone_hash', sa.LargeBinary(), nullable=False),
        sa.Column('browser_hash', sa.LargeBinary(), nullable=False),
        sa.Column('code_hash', sa.LargeBinary(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_phone_code')),
    )
    with op.batch_alter_table('phone_code', schema=None) as batch_op:
        batch_op.create_index('ix_phone_code_phone_hash_browser_hash', ['phone_hash', 'browser_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_phone_code_expires_at'), ['expires_at'], unique=False)
    op.create_table(
        'phone_requests',
        sa.Column('phone_hash', sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in ASKED),
        sa.PrimaryKeyConstraint('phone_hash', name=op.f('pk_phone_requests')),
    )
    with op.batch_alter_table('phone_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_phone_requests_asked_1_at'), ['asked_1_at'], unique=False)
    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('phone_hash', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('id_number_hash', sa.LargeBinary(), nullable=True))
        batch_op.alter_column('exam_id', existing_type=sa.Uuid(), nullable=True)
        batch_op.create_index(batch_op.f('ix_patient_session_phone_hash'), ['phone_hash'], unique=False)


def downgrade() -> None:
    op.execute(sa.text('DELETE FROM patient_session WHERE exam_id IS NULL'))
    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_patient_session_phone_hash'))
        batch_op.alter_column('exam_id', existing_type=sa.Uuid(), nullable=False)
        batch_op.drop_column('id_number_hash')
        batch_op.drop_column('phone_hash')
    op.drop_table('phone_requests')
    op.drop_table('phone_code')
