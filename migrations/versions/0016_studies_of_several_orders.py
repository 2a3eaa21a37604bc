"""A study may be of several orders: which exams it belongs to is told of each order apart.

On the way down a study that names several orders would belong to one exam only, and the patient of another would lose
its pictures: so that way is closed, and the way back is the backup.
"""

from alembic import op
import sqlalchemy as sa


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

MATCH = (
    ('accession_key', sa.String(length=64)),
    ('exam_id', sa.Uuid()),
    ('match_state', sa.String(length=16)),
    ('match_reason', sa.String(length=64)),
    ('match_detail', sa.String(length=64)),
)
NAMES = ', '.join(name for name, _ in MATCH)
INDEXED = ('accession_key', 'exam_id', 'match_state')
SINGULAR = sa.table('instance', sa.column('id', sa.Uuid()), sa.column('corrected_accession_number', sa.String()))
PLURAL = sa.table('instance', sa.column('id', sa.Uuid()), sa.column('corrected_accession_numbers', sa.JSON()))


def upgrade() -> None:
    op.create_table(
        'study_order',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('study_id', sa.Uuid(), nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('accession_number', sa.String(length=64), nullable=False),
        sa.Column('accession_key', sa.String(length=64), nullable=False, server_default=''),
        sa.Column('exam_id', sa.Uuid(), nullable=True),
        sa.Column('match_state', sa.String(length=16), nullable=False),
        sa.Column('match_reason', sa.String(length=64), nullable=True),
        sa.Column('match_detail', sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_study_order_exam_id_exam')),
        sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_study_order_study_id_study')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_study_order')),
        sa.UniqueConstraint('study_id', 'accession_key', name=op.f('uq_study_order_study_id_accession_key')),
    )
    op.execute(
        f'INSERT INTO study_order (id, study_id, place, accession_number, {NAMES}) '
        f'SELECT id, id, 0, accession_number, {NAMES} FROM study'
    )
    for name in INDEXED:
        op.create_index(op.f(f'ix_study_order_{name}'), 'study_order', [name])
        op.drop_index(op.f(f'ix_study_{name}'), table_name='study')
    with op.batch_alter_table('study') as batch:
        batch.drop_constraint(op.f('fk_study_exam_id_exam'), type_='foreignkey')
        for name, _ in MATCH:
            batch.drop_column(name)
    op.add_column('instance', sa.Column('corrected_accession_numbers', sa.JSON(), nullable=True))
    for row_id, number in _filled(SINGULAR, SINGULAR.c.corrected_accession_number):
        numbers = [number] if number else []
        _put(PLURAL, row_id, corrected_accession_numbers=numbers)
    op.drop_column('instance', 'corrected_accession_number')


def downgrade() -> None:
    connection = op.get_bind()
    corrected = list(_filled(PLURAL, PLURAL.c.corrected_accession_numbers))
    several = 'SELECT 1 FROM study_order GROUP BY study_id HAVING count(*) > 1 LIMIT 1'
    if connection.execute(sa.text(several)).first() or any(len(numbers) > 1 for _, numbers in corrected):
        raise RuntimeError('studies of several orders would be shown in one exam only: the way back is the backup')
    op.execute("UPDATE exam SET held_reason = 'report_of_another' WHERE held_reason = 'pictures_of_another'")
    op.add_column('instance', sa.Column('corrected_accession_number', sa.String(length=64), nullable=True))
    for row_id, numbers in corrected:
        _put(SINGULAR, row_id, corrected_accession_number=''.join(numbers))
    op.drop_column('instance', 'corrected_accession_numbers')
    with op.batch_alter_table('study') as batch:
        for name, kind in MATCH:
            default = {'accession_key': '', 'match_state': 'unmatched'}.get(name)
            batch.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        batch.create_foreign_key(op.f('fk_study_exam_id_exam'), 'exam', ['exam_id'], ['id'])
    values = ', '.join(f'{name} = (SELECT {name} FROM study_order WHERE study_id = study.id)' for name, _ in MATCH)
    op.execute(f'UPDATE study SET {values} WHERE EXISTS (SELECT 1 FROM study_order WHERE study_id = study.id)')
    with op.batch_alter_table('study') as batch:
        batch.alter_column('match_state', existing_type=sa.String(length=16), server_default=None)
    for name in INDEXED:
        op.create_index(op.f(f'ix_study_{name}'), 'study', [name])
    op.drop_table('study_order')


def _filled(table, column):
    """(id, value) of the few instances that wait for the other headers of their study to be corrected."""
    waiting = sa.text('corrected_identity_sealed IS NOT NULL')
    return op.get_bind().execute(sa.select(table.c.id, column).where(waiting, column.is_not(None))).all()


def _put(table, row_id, **values) -> None:
    op.get_bind().execute(sa.update(table).where(table.c.id == row_id).values(**values))
