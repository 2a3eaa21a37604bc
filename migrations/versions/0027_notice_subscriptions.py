"""Who wants to be told in WeChat without following us. On the way down it is forgotten: the release before has no button."""

from alembic import op
import sqlalchemy as sa


revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'notice_subscription',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('exam_id', sa.Uuid(), nullable=False),
        sa.Column('openid_hash', sa.LargeBinary(), nullable=False),
        sa.Column('openid_sealed', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_notice_subscription_exam_id_exam')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_subscription')),
    )
    for column in ('exam_id', 'openid_hash'):
        op.create_index(op.f(f'ix_notice_subscription_{column}'), 'notice_subscription', [column])


def downgrade() -> None:
    op.drop_table('notice_subscription')
