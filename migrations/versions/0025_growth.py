"""Lists, searches, sweeps and counts that cost the same at a million exams as at a thousand.

`row_count` holds the counts that /metrics shows. Triggers change it in the transaction that changes the rows, whoever
writes them; every writer holds the one write lock, so none waits for another here. A later step that makes one of these
tables anew (SQLite's batch mode) takes its triggers away: it must call `make_triggers` again, and
tests/contracts/test_row_counts.py sees when it does not.
"""

from alembic import op
import sqlalchemy as sa


revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

COUNTED = {
    'notification': "SELECT 'messages', channel, state, count(*) FROM notification GROUP BY channel, state",
    'study_order': "SELECT 'studies', s.state, o.match_state, count(*) FROM study_order o"
    ' JOIN study s ON s.id = o.study_id GROUP BY s.state, o.match_state',
    'quarantine_item': "SELECT 'quarantined', '', '', count(*) FROM quarantine_item",
}
"""Table -> its counts: name, first label, second label, number."""
LABELS = {
    'notification': ("'messages'", '{row}.channel', '{row}.state'),
    'study_order': ("'studies'", '(SELECT state FROM study WHERE id = {row}.study_id)', '{row}.match_state'),
    'quarantine_item': ("'quarantined'", "''", "''"),
}
CHANGING = {'notification': 'channel, state', 'study_order': 'study_id, match_state', 'quarantine_item': None}
INDEXES = (
    ('ix_study_study_date_last_instance_at_id', 'study', ['study_date', 'last_instance_at', 'id']),
    ('ix_notification_state_created_at_id', 'notification', ['state', 'created_at', 'id']),
    ('ix_notification_state_next_attempt_at', 'notification', ['state', 'next_attempt_at']),
    ('ix_notification_created_at', 'notification', ['created_at']),
    ('ix_audit_event_action_seq', 'audit_event', ['action', 'seq']),
    ('ix_audit_event_actor_seq', 'audit_event', ['actor', 'seq']),
    ('ix_audit_event_subject_seq', 'audit_event', ['subject', 'seq']),
    ('ix_patient_session_expires_at', 'patient_session', ['expires_at']),
    ('ix_one_time_code_expires_at', 'one_time_code', ['expires_at']),
)
REPLACED = (
    ('ix_notification_state', 'notification', ['state']),
    ('ix_audit_event_action', 'audit_event', ['action']),
    ('ix_audit_event_subject', 'audit_event', ['subject']),
)
WAITING = "match_state <> 'matched'"
NOT_DONE = "state <> 'done'"
DONE = "state = 'done'"


def upgrade() -> None:
    op.add_column('study', sa.Column('study_date', sa.String(length=64), nullable=True))
    study = sa.table('study', sa.column('attributes', sa.JSON()), sa.column('study_date', sa.String()))
    op.add_column(
        'study_order',
        sa.Column('named_at', sa.DateTime(timezone=True), nullable=False, server_default='1970-01-01 00:00:00'),
    )
    op.execute(
        'UPDATE study_order SET named_at = (SELECT last_instance_at FROM study WHERE study.id = study_order.study_id)'
    )
    op.drop_index('ix_study_order_waiting', table_name='study_order')
    op.create_index('ix_study_order_waiting', 'study_order', ['named_at', 'id'], **_where(WAITING))
    op.execute(sa.update(study).values(study_date=sa.func.substr(study.c.attributes['StudyDate'].as_string(), 1, 64)))
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    for name, table, _ in REPLACED:
        op.drop_index(name, table_name=table)
    for name, columns, where in (('ix_job_not_done', ['kind', 'state'], NOT_DONE), ('ix_job_done', ['finished_at'], DONE)):
        op.create_index(name, 'job', columns, **_where(where))
    op.create_table(
        'row_count',
        sa.Column('name', sa.String(length=32), nullable=False),
        sa.Column('first', sa.String(length=32), nullable=False),
        sa.Column('second', sa.String(length=32), nullable=False),
        sa.Column('counted', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('name', 'first', 'second', name=op.f('pk_row_count')),
    )
    for counting in COUNTED.values():
        op.execute(f'INSERT INTO row_count {counting}')
    make_triggers()


def downgrade() -> None:
    drop_triggers()
    op.drop_table('row_count')
    for name in ('ix_job_not_done', 'ix_job_done'):
        op.drop_index(name, table_name='job')
    for name, table, columns in REPLACED:
        op.create_index(name, table, columns)
    for name, table, _ in INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_column('study', 'study_date')
    op.drop_index('ix_study_order_waiting', table_name='study_order')
    op.drop_column('study_order', 'named_at')
    op.create_index('ix_study_order_waiting', 'study_order', ['study_id'], **_where(WAITING))


def _where(condition: str) -> dict[str, object]:
    return {'postgresql_where': sa.text(condition), 'sqlite_where': sa.text(condition)}


def make_triggers() -> None:
    """Of each counted table, and of the state of studies."""
    if op.get_bind().dialect.name == 'postgresql':
        _on_postgresql()
    else:
        _on_sqlite()


def drop_triggers() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for table in (*LABELS, 'study'):
            op.execute(f'DROP TRIGGER count_{table} ON {table}')
            op.execute(f'DROP FUNCTION count_{table}()')
        op.execute('DROP FUNCTION count_rows(text, text, text, bigint)')
    else:
        for table in LABELS:
            for event in ('insert', 'delete', 'update'):
                op.execute(f'DROP TRIGGER IF EXISTS count_{table}_{event}')
        op.execute('DROP TRIGGER count_study_update')


def _on_postgresql() -> None:
    op.execute("""
        CREATE OR REPLACE FUNCTION count_rows(what text, one text, two text, more bigint) RETURNS void AS $$
        BEGIN
            UPDATE row_count SET counted = counted + more WHERE name = what AND first = one AND second = two;
            IF NOT FOUND THEN
                INSERT INTO row_count VALUES (what, one, two, more);
            END IF;
        END $$ LANGUAGE plpgsql""")
    for table, labels in LABELS.items():
        old, new = (', '.join(each.format(row=row) for each in labels) for row in ('OLD', 'NEW'))
        op.execute(f"""
            CREATE OR REPLACE FUNCTION count_{table}() RETURNS trigger AS $$
            BEGIN
                IF TG_OP <> 'INSERT' THEN
                    PERFORM count_rows({old}, -1);
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    PERFORM count_rows({new}, 1);
                END IF;
                RETURN NULL;
            END $$ LANGUAGE plpgsql""")
        update = f' OR UPDATE OF {CHANGING[table]}' if CHANGING[table] else ''
        op.execute(
            f'CREATE TRIGGER count_{table} AFTER INSERT OR DELETE{update} ON {table}'
            f' FOR EACH ROW EXECUTE PROCEDURE count_{table}()'
        )
    op.execute("""
        CREATE OR REPLACE FUNCTION count_study() RETURNS trigger AS $$
        BEGIN
            IF OLD.state <> NEW.state THEN
                PERFORM count_rows('studies', OLD.state, match_state, -1), count_rows('studies', NEW.state, match_state, 1)
                    FROM study_order WHERE study_id = NEW.id;
            END IF;
            RETURN NULL;
        END $$ LANGUAGE plpgsql""")
    op.execute(
        'CREATE TRIGGER count_study AFTER UPDATE OF state ON study FOR EACH ROW EXECUTE PROCEDURE count_study()'
    )


def _on_sqlite() -> None:
    for table, labels in LABELS.items():
        old, new = ([each.format(row=row) for each in labels] for row in ('OLD', 'NEW'))
        op.execute(f'CREATE TRIGGER count_{table}_insert AFTER INSERT ON {table} BEGIN {_more(new, 1)} END')
        op.execute(f'CREATE TRIGGER count_{table}_delete AFTER DELETE ON {table} BEGIN {_more(old, -1)} END')
        if CHANGING[table]:
            op.execute(
                f'CREATE TRIGGER count_{table}_update AFTER UPDATE OF {CHANGING[table]} ON {table}'
                f' BEGIN {_more(old, -1)} {_more(new, 1)} END'
            )
    of_study = 'SELECT count(*) FROM study_order WHERE study_id = NEW.id AND match_state = second'
    op.execute(f"""
        CREATE TRIGGER count_study_update AFTER UPDATE OF state ON study WHEN OLD.state <> NEW.state BEGIN
            INSERT OR IGNORE INTO row_count
                SELECT DISTINCT 'studies', NEW.state, match_state, 0 FROM study_order WHERE study_id = NEW.id;
            UPDATE row_count SET counted = counted - ({of_study}) WHERE name = 'studies' AND first = OLD.state;
            UPDATE row_count SET counted = counted + ({of_study}) WHERE name = 'studies' AND first = NEW.state;
        END""")


def _more(labels: list[str], more: int) -> str:
    name, first, second = labels
    return (
        f'INSERT OR IGNORE INTO row_count VALUES ({name}, {first}, {second}, 0);'
        f' UPDATE row_count SET counted = counted + ({more})'
        f' WHERE name = {name} AND first = {first} AND second = {second};'
    )
