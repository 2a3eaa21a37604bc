"""Shares, digits for a doctor's PC, and the sessions of guests. On the way down all of them end."""

from alembic import op
import sqlalchemy as sa


revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('hand_over',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('exam_id', sa.Uuid(), nullable=False),
    sa.Column('patient_session_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_hand_over_exam_id_exam')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_over'))
    )
    with op.batch_alter_table('hand_over', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_hand_over_code_hash'), ['code_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_hand_over_exam_id'), ['exam_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_hand_over_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_hand_over_patient_session_id'), ['patient_session_id'], unique=False)

    op.create_table('share',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('exam_id', sa.Uuid(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('passcode_hash', sa.LargeBinary(), nullable=False),
    sa.Column('pictures', sa.Boolean(), nullable=False),
    sa.Column('report', sa.Boolean(), nullable=False),
    sa.Column('originals', sa.Boolean(), nullable=False),
    sa.Column('anonymous', sa.Boolean(), nullable=False),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('code_generation', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_share_exam_id_exam')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_share_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_share')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_share_code_hash'))
    )
    with op.batch_alter_table('share', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_share_exam_id'), ['exam_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_share_expires_at'), ['expires_at'], unique=False)

    op.create_table('guest_session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('exam_id', sa.Uuid(), nullable=False),
    sa.Column('share_id', sa.Uuid(), nullable=True),
    sa.Column('main_id', sa.Uuid(), nullable=True),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('code_generation', sa.Integer(), nullable=False),
    sa.Column('device', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_guest_session_exam_id_exam')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_guest_session_patient_id_patient')),
    sa.ForeignKeyConstraint(['share_id'], ['share.id'], name=op.f('fk_guest_session_share_id_share')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guest_session'))
    )
    with op.batch_alter_table('guest_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guest_session_exam_id'), ['exam_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_guest_session_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_guest_session_main_id'), ['main_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_guest_session_share_id'), ['share_id'], unique=False)

    op.create_table('shared_prior',
    sa.Column('share_id', sa.Uuid(), nullable=False),
    sa.Column('exam_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_shared_prior_exam_id_exam')),
    sa.ForeignKeyConstraint(['share_id'], ['share.id'], name=op.f('fk_shared_prior_share_id_share')),
    sa.PrimaryKeyConstraint('share_id', 'exam_id', name=op.f('pk_shared_prior'))
    )
    op.create_table('waiting_pc',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hand_over_id', sa.Uuid(), nullable=False),
    sa.Column('browser_hash', sa.LargeBinary(), nullable=False),
    sa.Column('number', sa.String(length=2), nullable=False),
    sa.Column('device', sa.String(length=16), nullable=False),
    sa.Column('address_masked', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('guest_session_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['guest_session_id'], ['guest_session.id'], name=op.f('fk_waiting_pc_guest_session_id_guest_session')),
    sa.ForeignKeyConstraint(['hand_over_id'], ['hand_over.id'], name=op.f('fk_waiting_pc_hand_over_id_hand_over')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waiting_pc')),
    sa.UniqueConstraint('browser_hash', name=op.f('uq_waiting_pc_browser_hash'))
    )
    with op.batch_alter_table('waiting_pc', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_waiting_pc_hand_over_id'), ['hand_over_id'], unique=False)


def downgrade() -> None:
    for table in ('waiting_pc', 'shared_prior', 'guest_session', 'share', 'hand_over'):
        op.drop_table(table)
    op.execute("DELETE FROM access_attempts WHERE scope IN ('share', 'guest', 'hospital')")
