"""Says how far sealed fields are bound to their rows. `flask bind-fields` does the work, in steps and without down-time.

Processes of the release before may go on: what is written stays as they read it until that command begins.
"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

SEALED = {
    'patient': ('patient_id_sealed', 'name_sealed', 'phone_sealed', 'id_number_sealed', 'birth_date_sealed'),
    'wechat_account': ('openid_sealed',),
    'report': ('content_sealed',),
    'study': ('identity_sealed',),
    'notification': ('recipient_sealed',),
    'staff_user': ('totp_sealed',),
}
BOUND_TO_ITS_ROW = b'\x02'


def upgrade() -> None:
    op.create_table('field_binding',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('phase', sa.String(length=8), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_field_binding'))
    )
    binding = sa.table('field_binding', sa.column('id', sa.Integer), sa.column('phase', sa.String))
    phase = 'unbound' if any(_is_there(table) for table in SEALED) else 'bound'
    op.execute(binding.insert().values(id=1, phase=phase))


def downgrade() -> None:
    for table, columns in SEALED.items():
        for column in columns:
            form = sa.func.substr(sa.column(column, sa.LargeBinary), 1, 1, type_=sa.LargeBinary)
            if _is_there(table, form == BOUND_TO_ITS_ROW):
                raise RuntimeError('no release before can read what is bound to its row: the way back is the backup')
    op.drop_table('field_binding')


def _is_there(table: str, *conditions: sa.ColumnElement[bool]) -> bool:
    query = sa.select(sa.literal(1)).select_from(sa.table(table)).where(*conditions).limit(1)
    return op.get_bind().execute(query).first() is not None
