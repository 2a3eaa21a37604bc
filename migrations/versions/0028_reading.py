"""How a bound person wants to read (elder mode, size of letters). On the way down it is forgotten: browsers keep theirs."""

from alembic import op
import sqlalchemy as sa


revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('wechat_account', sa.Column('reading', sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column('wechat_account', 'reading')
