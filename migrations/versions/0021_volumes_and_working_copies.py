"""Volumes of prepared series, and packs of their working copies.

Series of before have neither: the next preparation makes them. On the way down the rows of the packs go; their objects
stay behind, and `flask verify-archive` names them.
"""

from alembic import op
import sqlalchemy as sa


revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('prepared_series') as series:
        series.add_column(sa.Column('volume', sa.JSON(none_as_null=True), nullable=True))
        series.add_column(sa.Column('no_volume', sa.String(length=32), nullable=True))
    op.create_table('working_pack',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('series_id', sa.Uuid(), nullable=False),
    sa.Column('first_frame', sa.Integer(), nullable=False),
    sa.Column('object_key', sa.String(length=255), nullable=False),
    sa.Column('pack_index', sa.LargeBinary(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['series_id'], ['prepared_series.id'], name=op.f('fk_working_pack_series_id_prepared_series')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_working_pack')),
    sa.UniqueConstraint('series_id', 'first_frame', name=op.f('uq_working_pack_series_id_first_frame'))
    )
    op.create_index(op.f('ix_working_pack_series_id'), 'working_pack', ['series_id'])
    op.create_index(op.f('ix_working_pack_used_at'), 'working_pack', ['used_at'])


def downgrade() -> None:
    op.drop_table('working_pack')
    with op.batch_alter_table('prepared_series') as series:
        series.drop_column('no_volume')
        series.drop_column('volume')
