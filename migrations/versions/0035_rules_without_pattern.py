"""A rule about critical values has no pattern, instead of an empty one: openGauss keeps an empty text as none, and refused
the rule."""

from alembic import op
import sqlalchemy as sa


revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('sensitive_rule') as batch_op:
        batch_op.alter_column('pattern', existing_type=sa.String(length=64), nullable=True)
    op.execute("UPDATE sensitive_rule SET pattern = NULL WHERE pattern = ''")


def downgrade() -> None:
    op.execute("UPDATE sensitive_rule SET pattern = '' WHERE pattern IS NULL")
    with op.batch_alter_table('sensitive_rule') as batch_op:
        batch_op.alter_column('pattern', existing_type=sa.String(length=64), nullable=False)
