"""What the desk finds exams by, one row a key with the time of the exam, so that the newest of many are found at once.

The keys are made of sealed fields, so no statement can fill the table: each exam is due, and the worker takes them in
steps while the service runs. Until then names are found as before. On the way down the keys go: the release before
looks for names in `patient_name_token`, which stays.
"""

from alembic import op
import sqlalchemy as sa


revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

DUE = 'search_due'


def upgrade() -> None:
    op.create_table(
        'exam_search_key',
        sa.Column('key_hash', sa.LargeBinary(length=16), nullable=False),
        sa.Column('performed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('exam_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_search_key_exam_id_exam')),
        sa.PrimaryKeyConstraint('key_hash', 'performed_at', 'exam_id', name=op.f('pk_exam_search_key')),
    )
    op.create_index(op.f('ix_exam_search_key_exam_id'), 'exam_search_key', ['exam_id'])
    op.add_column('exam', sa.Column(DUE, sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index(
        'ix_exam_search_due', 'exam', ['performed_at'], postgresql_where=sa.text(DUE), sqlite_where=sa.text(f'{DUE} = 1')
    )
    op.add_column('access_code', sa.Column('desk_hash', sa.LargeBinary(), nullable=True))
    op.create_index(op.f('ix_access_code_desk_hash'), 'access_code', ['desk_hash'])


def downgrade() -> None:
    op.drop_index(op.f('ix_access_code_desk_hash'), table_name='access_code')
    op.drop_column('access_code', 'desk_hash')
    op.drop_index('ix_exam_search_due', table_name='exam')
    op.drop_column('exam', DUE)
    op.drop_table('exam_search_key')
