"""Tokens of the WeChat account, shared by all processes: one of them fetches for all.

On the way down they go: the next release up asks WeChat for them again.
"""

from alembic import op
import sqlalchemy as sa



revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'wechat_token',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=8), nullable=False),
        sa.Column('value_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('refused_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_wechat_token')),
        sa.UniqueConstraint('name', name=op.f('uq_wechat_token_name')),
    )


def downgrade() -> None:
    op.drop_table('wechat_token')
