"""Objects of a study that are no pictures, as they are listed. Studies that are prepared get theirs when their pictures
are made anew; on the way down they are forgotten, and the objects themselves stay."""

from alembic import op
import sqlalchemy as sa


revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'prepared_object',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('study_id', sa.Uuid(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.Column('ordinal', sa.Integer(), nullable=False),
        sa.Column('instance_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('fault', sa.String(length=32), nullable=True),
        sa.Column('modality', sa.String(length=16), nullable=False),
        sa.Column('description', sa.String(length=64), nullable=False),
        sa.Column('says', sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(['instance_id'], ['instance.id'], name=op.f('fk_prepared_object_instance_id_instance')),
        sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_prepared_object_study_id_study')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_prepared_object')),
        sa.UniqueConstraint('study_id', 'revision', 'ordinal', name=op.f('uq_prepared_object_study_id_revision_ordinal')),
    )
    op.create_index(op.f('ix_prepared_object_study_id'), 'prepared_object', ['study_id'])


def downgrade() -> None:
    op.drop_table('prepared_object')
