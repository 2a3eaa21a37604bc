"""When an exam's release gate is due, and receipts that come before their message is known."""

from alembic import op
import sqlalchemy as sa


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('early_receipt',
    sa.Column('serial', sa.String(length=128), nullable=False),
    sa.Column('phone_hash', sa.LargeBinary(), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=False),
    sa.Column('code', sa.String(length=64), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('serial', name=op.f('pk_early_receipt'))
    )
    op.create_index(op.f('ix_early_receipt_phone_hash'), 'early_receipt', ['phone_hash'], unique=False)
    op.create_index(op.f('ix_early_receipt_received_at'), 'early_receipt', ['received_at'], unique=False)
    op.add_column('exam', sa.Column('release_due_at', sa.DateTime(timezone=True), nullable=True))
    # every exam is looked at once after the step
    op.execute("UPDATE exam SET release_due_at = '1970-01-01 00:00:00+00:00'"
               if op.get_bind().dialect.name != 'sqlite'
               else "UPDATE exam SET release_due_at = '1970-01-01 00:00:00.000000'")
    op.create_index(
        'ix_exam_release_due_at', 'exam', ['release_due_at'], unique=False,
        postgresql_where=sa.text('release_due_at IS NOT NULL'), sqlite_where=sa.text('release_due_at IS NOT NULL'),
    )


def downgrade() -> None:
    op.drop_index('ix_exam_release_due_at', table_name='exam')
    op.drop_column('exam', 'release_due_at')
    op.drop_index(op.f('ix_early_receipt_received_at'), table_name='early_receipt')
    op.drop_index(op.f('ix_early_receipt_phone_hash'), table_name='early_receipt')
    op.drop_table('early_receipt')
