"""Which release's preparation made a study's pictures, and which frames are not complete.

Pictures of before count as version 1: a newer preparation makes them anew, and they are shown until it has. The way down
forgets the version only; the way up again has them made once more.
"""

from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('study') as study:
        study.add_column(sa.Column('prepared_version', sa.Integer(), nullable=True))
        study.create_index('ix_study_prepared_version', ['prepared_version'])
    op.execute(sa.text('UPDATE study SET prepared_version = 1 WHERE prepared_revision IS NOT NULL'))
    with op.batch_alter_table('prepared_series') as series:
        series.add_column(sa.Column('incomplete', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    with op.batch_alter_table('prepared_series') as series:
        series.drop_column('incomplete')
    with op.batch_alter_table('study') as study:
        study.drop_index('ix_study_prepared_version')
        study.drop_column('prepared_version')
