"""A device cuts an accession number to the 16 characters that DICOM allows: orders are found by their first 16 too."""

from alembic import op
import sqlalchemy as sa


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('exam', sa.Column('cut_accession_key', sa.String(length=16), nullable=True))
    op.execute('UPDATE exam SET cut_accession_key = substr(accession_key, 1, 16) WHERE length(accession_key) > 16')
    op.create_index(op.f('ix_exam_cut_accession_key'), 'exam', ['cut_accession_key'])


def downgrade() -> None:
    op.drop_index(op.f('ix_exam_cut_accession_key'), table_name='exam')
    op.drop_column('exam', 'cut_accession_key')
