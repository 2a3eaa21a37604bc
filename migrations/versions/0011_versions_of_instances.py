"""A corrected header is a new version of its instance, and the versions before it are kept."""

from alembic import op
import sqlalchemy as sa


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('instance_version',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('instance_id', sa.Uuid(), nullable=False),
    sa.Column('study_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('transfer_syntax_uid', sa.String(length=64), nullable=False),
    sa.Column('object_key', sa.String(length=255), nullable=False),
    sa.Column('object_version', sa.Integer(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['instance_id'], ['instance.id'], name=op.f('fk_instance_version_instance_id_instance')),
    sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_instance_version_study_id_study')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_instance_version')),
    sa.UniqueConstraint('instance_id', 'version', name=op.f('uq_instance_version_instance_id_version')),
    sa.UniqueConstraint('object_key', name=op.f('uq_instance_version_object_key'))
    )
    op.create_index(op.f('ix_instance_version_study_id'), 'instance_version', ['study_id'])
    op.add_column('instance', sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
    op.add_column('instance', sa.Column('corrected_identity_sealed', sa.LargeBinary(), nullable=True))
    op.add_column('instance', sa.Column('corrected_accession_number', sa.String(length=64), nullable=True))
    where = sa.text('corrected_identity_sealed IS NOT NULL')
    op.create_index(
        'ix_instance_corrected', 'instance', ['study_id'], postgresql_where=where, sqlite_where=where
    )


def downgrade() -> None:
    corrected = 'SELECT 1 FROM instance WHERE version > 1 OR corrected_identity_sealed IS NOT NULL LIMIT 1'
    if op.get_bind().execute(sa.text(corrected)).first():
        raise RuntimeError('earlier versions of corrected instances would be lost: the way back is the backup')
    op.drop_index('ix_instance_corrected', table_name='instance')
    op.drop_column('instance', 'corrected_accession_number')
    op.drop_column('instance', 'corrected_identity_sealed')
    op.drop_column('instance', 'version')
    op.drop_table('instance_version')
