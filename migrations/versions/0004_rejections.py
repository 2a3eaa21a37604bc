"""What rejection notes name is remembered, also before it arrives."""

from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rejection',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('study_id', sa.Uuid(), nullable=False),
    sa.Column('sop_instance_uid', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_rejection_study_id_study')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rejection')),
    sa.UniqueConstraint('study_id', 'sop_instance_uid', name=op.f('uq_rejection_study_id_sop_instance_uid'))
    )


def downgrade() -> None:
    if op.get_bind().execute(sa.text('SELECT 1 FROM rejection LIMIT 1')).first():
        raise RuntimeError('rejected pictures would be shown again: the way back is the backup')
    op.drop_table('rejection')
