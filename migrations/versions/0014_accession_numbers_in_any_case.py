"""Accession numbers are compared without regard to case: devices write them in capitals."""

from alembic import op
import sqlalchemy as sa


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

TABLES = ('exam', 'study')


def upgrade() -> None:
    # as `accession_key` of app/models/base.py: capitals of ASCII only, which is what upper() of SQLite knows
    collate = ' COLLATE "C"' if op.get_bind().dialect.name == 'postgresql' else ''
    for table in TABLES:
        op.add_column(table, sa.Column('accession_key', sa.String(length=64), nullable=False, server_default=''))
        op.execute(f"UPDATE {table} SET accession_key = trim(upper(accession_number{collate}))")
        op.create_index(op.f(f'ix_{table}_accession_key'), table, ['accession_key'])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(op.f(f'ix_{table}_accession_key'), table_name=table)
        op.drop_column(table, 'accession_key')
