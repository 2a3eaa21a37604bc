"""Which way tells news: WeChat first, then a text message, then the desk. What was queued before went by every way at
once, so no row is made of it. On the way down it is forgotten: the release before follows nothing up."""

from alembic import op
import sqlalchemy as sa


revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'telling',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('exam_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('occasion', sa.Integer(), nullable=False),
        sa.Column('wording', sa.String(length=16), nullable=False),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('look_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_telling_exam_id_exam')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_telling')),
        sa.UniqueConstraint('exam_id', 'kind', 'occasion', name=op.f('uq_telling_exam_id_kind_occasion')),
    )
    for column in ('exam_id', 'state', 'look_at'):
        op.create_index(op.f(f'ix_telling_{column}'), 'telling', [column])
    op.create_index(op.f('ix_notification_sent_at'), 'notification', ['sent_at'])


def downgrade() -> None:
    op.drop_index(op.f('ix_notification_sent_at'), 'notification')
    op.drop_table('telling')
