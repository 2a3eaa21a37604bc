"""Machines find a study by the name that its headers say, however many studies there are.

The keys are made of sealed fields: each study is due, and the worker takes them in steps while the service runs. Until
then a study is found by the names of its patient, as before. On the way down the keys go.
"""

from alembic import op
import sqlalchemy as sa


revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'study_name_key',
        sa.Column('key_hash', sa.LargeBinary(), nullable=False),
        sa.Column('came_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('study_id', sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_study_name_key_study_id_study')),
        sa.PrimaryKeyConstraint('key_hash', 'came_at', 'study_id', name=op.f('pk_study_name_key')),
    )
    op.create_index(op.f('ix_study_name_key_study_id'), 'study_name_key', ['study_id'])
    op.add_column('study', sa.Column('names_due', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index(
        'ix_study_names_due',
        'study',
        ['last_instance_at'],
        postgresql_where=sa.text('names_due'),
        sqlite_where=sa.text('names_due = 1'),
    )


def downgrade() -> None:
    op.drop_index('ix_study_names_due', table_name='study')
    op.drop_column('study', 'names_due')
    op.drop_table('study_name_key')
