"""What names an exam is an access code: sharing, which comes, needs the other word."""

from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

# table -> has an index over its code
USERS = {'notification': False, 'one_time_code': True, 'patient_session': True}


def _rename(old: str, new: str) -> None:
    for table, indexed in USERS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            if indexed:
                batch_op.drop_index(batch_op.f(f'ix_{table}_{old}_id'))
            batch_op.drop_constraint(batch_op.f(f'fk_{table}_{old}_id_{old}'), type_='foreignkey')
    with op.batch_alter_table(old, schema=None) as batch_op:
        batch_op.drop_index(batch_op.f(f'ix_{old}_exam_id'))
        batch_op.drop_constraint(batch_op.f(f'uq_{old}_code_hash'), type_='unique')
        batch_op.drop_constraint(batch_op.f(f'fk_{old}_exam_id_exam'), type_='foreignkey')
    op.rename_table(old, new)
    with op.batch_alter_table(new, schema=None) as batch_op:
        batch_op.create_foreign_key(batch_op.f(f'fk_{new}_exam_id_exam'), 'exam', ['exam_id'], ['id'])
        batch_op.create_unique_constraint(batch_op.f(f'uq_{new}_code_hash'), ['code_hash'])
        batch_op.create_index(batch_op.f(f'ix_{new}_exam_id'), ['exam_id'], unique=False)
    for table, indexed in USERS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column(f'{old}_id', new_column_name=f'{new}_id')
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_foreign_key(batch_op.f(f'fk_{table}_{new}_id_{new}'), new, [f'{new}_id'], ['id'])
            if indexed:
                batch_op.create_index(batch_op.f(f'ix_{table}_{new}_id'), [f'{new}_id'], unique=False)


def upgrade() -> None:
    _rename('share_code', 'access_code')


def downgrade() -> None:
    _rename('access_code', 'share_code')
