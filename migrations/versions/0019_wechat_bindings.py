"""WeChat accounts are bound to a person, not to one row of the RIS; logins by WeChat, and sessions that begin so.

Accounts of before belong to the person of their patient. On the way down sessions of bound accounts end, and an account
is of the row that its person proved to be; logins and digits go, neither lives longer than half a day.
"""

from alembic import op
import sqlalchemy as sa



revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('wechat_account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name_hash', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('id_number_hash', sa.LargeBinary(), nullable=True))
    op.execute(sa.text(
        'UPDATE wechat_account SET'
        ' name_hash = (SELECT p.name_hash FROM patient p WHERE p.id = wechat_account.patient_id),'
        ' id_number_hash = (SELECT p.id_number_hash FROM patient p WHERE p.id = wechat_account.patient_id)'
    ))
    with op.batch_alter_table('wechat_account', schema=None) as batch_op:
        batch_op.alter_column('name_hash', existing_type=sa.LargeBinary(), nullable=False)
        batch_op.create_index(batch_op.f('ix_wechat_account_id_number_hash'), ['id_number_hash'], unique=False)
    op.create_table(
        'wechat_login',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('state_hash', sa.LargeBinary(), nullable=False),
        sa.Column('openid_hash', sa.LargeBinary(), nullable=True),
        sa.Column('openid_sealed', sa.LargeBinary(), nullable=True),
        sa.Column('leads_to', sa.String(length=8), nullable=False),
        sa.Column('is_snapshot', sa.Boolean(), nullable=False),
        sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_wechat_login')),
        sa.UniqueConstraint('state_hash', name=op.f('uq_wechat_login_state_hash')),
    )
    with op.batch_alter_table('wechat_login', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wechat_login_begun_at'), ['begun_at'], unique=False)
    op.create_table(
        'binding_code',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=8), nullable=False),
        sa.Column('openid_hash', sa.LargeBinary(), nullable=True),
        sa.Column('name_hash', sa.LargeBinary(), nullable=False),
        sa.Column('id_number_hash', sa.LargeBinary(), nullable=True),
        sa.Column('patient_id', sa.Uuid(), nullable=True),
        sa.Column('code_hash', sa.LargeBinary(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_binding_code_patient_id_patient')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_binding_code')),
    )
    with op.batch_alter_table('binding_code', schema=None) as batch_op:
        batch_op.create_index('ix_binding_code_name_hash_id_number_hash', ['name_hash', 'id_number_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_binding_code_expires_at'), ['expires_at'], unique=False)
    op.create_table(
        'bound_device',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('device_hash', sa.LargeBinary(), nullable=False),
        sa.Column('account_id', sa.Uuid(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['account_id'], ['wechat_account.id'], name=op.f('fk_bound_device_account_id_wechat_account')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_bound_device')),
        sa.UniqueConstraint('device_hash', 'account_id', name=op.f('uq_bound_device_device_hash_account_id')),
    )
    with op.batch_alter_table('bound_device', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bound_device_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bound_device_last_used_at'), ['last_used_at'], unique=False)
    op.create_table(
        'wechat_push',
        sa.Column('mark_hash', sa.LargeBinary(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('mark_hash', name=op.f('pk_wechat_push')),
    )
    with op.batch_alter_table('wechat_push', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wechat_push_at'), ['at'], unique=False)
    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name_hash', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('patient_id', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('account_id', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f('fk_patient_session_patient_id_patient'), 'patient', ['patient_id'], ['id']
        )
        batch_op.create_foreign_key(
            batch_op.f('fk_patient_session_account_id_wechat_account'), 'wechat_account', ['account_id'], ['id']
        )
        batch_op.create_index(batch_op.f('ix_patient_session_account_id'), ['account_id'], unique=False)


def downgrade() -> None:
    op.execute(sa.text('DELETE FROM patient_session WHERE account_id IS NOT NULL'))
    with op.batch_alter_table('patient_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_patient_session_account_id'))
        batch_op.drop_constraint(batch_op.f('fk_patient_session_account_id_wechat_account'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_patient_session_patient_id_patient'), type_='foreignkey')
        batch_op.drop_column('account_id')
        batch_op.drop_column('patient_id')
        batch_op.drop_column('name_hash')
    op.drop_table('wechat_push')
    op.drop_table('bound_device')
    op.drop_table('binding_code')
    op.drop_table('wechat_login')
    with op.batch_alter_table('wechat_account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_wechat_account_id_number_hash'))
        batch_op.drop_column('id_number_hash')
        batch_op.drop_column('name_hash')
