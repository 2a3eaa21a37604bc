"""Who may see whose exams in a family, and digits for it. On the way down nobody sees a relative any more, and nobody is
told of one."""

from alembic import op
import sqlalchemy as sa


revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('family_code',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('relative_number_hash', sa.LargeBinary(), nullable=False),
    sa.Column('relative_name_hash', sa.LargeBinary(), nullable=False),
    sa.Column('member_name_hash', sa.LargeBinary(), nullable=False),
    sa.Column('member_number_hash', sa.LargeBinary(), nullable=False),
    sa.Column('relation', sa.String(length=8), nullable=False),
    sa.Column('scope', sa.String(length=8), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_code'))
    )
    with op.batch_alter_table('family_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_family_code_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_family_code_relative_number_hash'), ['relative_number_hash'], unique=False)

    op.create_table('family_grant',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('relative_name_hash', sa.LargeBinary(), nullable=False),
    sa.Column('relative_number_hash', sa.LargeBinary(), nullable=False),
    sa.Column('member_name_hash', sa.LargeBinary(), nullable=False),
    sa.Column('member_number_hash', sa.LargeBinary(), nullable=False),
    sa.Column('relation', sa.String(length=8), nullable=False),
    sa.Column('basis', sa.String(length=8), nullable=False),
    sa.Column('scope', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=8), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_grant'))
    )
    with op.batch_alter_table('family_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_family_grant_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index('ix_family_grant_member_number_hash', ['member_number_hash', 'member_name_hash'], unique=False)
        batch_op.create_index('ix_family_grant_relative_number_hash', ['relative_number_hash', 'relative_name_hash'], unique=False)



def downgrade() -> None:
    op.drop_table('family_grant')
    op.drop_table('family_code')
    op.execute("DELETE FROM job WHERE kind = 'family_code'")
    op.execute("UPDATE notification SET state = 'cancelled' WHERE kind = 'relative_added' AND state = 'pending'")
