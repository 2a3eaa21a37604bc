"""What /metrics and the console tell of the messages of 30 days is counted by day as messages are written: to count them
one by one cost more each day until a hospital was a month old.

Triggers change `news_count` in the transaction that changes the messages, as those of step 0025 do. A later step that makes
the table of messages anew (SQLite's batch mode) takes its triggers away: it must call `make_triggers` of both steps again.
"""

from alembic import op
import sqlalchemy as sa


revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None

ABOUT_ACCESS = "('relative_added', 'share_opened')"
CODE = "'one_time_code'"
NEWS = f"{{row}}.kind <> {CODE} AND {{row}}.kind NOT IN {ABOUT_ACCESS}"
NUMBERS = {
    'queued': f"CASE WHEN {NEWS} THEN 1 ELSE 0 END",
    'accepted': f"CASE WHEN {NEWS} AND ({{row}}.provider_serial IS NOT NULL OR {{row}}.state = 'delivered') THEN 1 ELSE 0 END",
    'delivered': f"CASE WHEN {NEWS} AND {{row}}.state = 'delivered' THEN 1 ELSE 0 END",
    'opened': f"CASE WHEN {NEWS} AND {{row}}.opened_at IS NOT NULL THEN 1 ELSE 0 END",
    'viewed': f"CASE WHEN {NEWS} AND {{row}}.viewed_at IS NOT NULL THEN 1 ELSE 0 END",
    'segments': f"CASE WHEN {NEWS} THEN {{row}}.segments ELSE 0 END",
    'access_segments': f"CASE WHEN {{row}}.kind IN {ABOUT_ACCESS} THEN {{row}}.segments ELSE 0 END",
    'code_segments': f"CASE WHEN {{row}}.kind = {CODE} THEN {{row}}.segments ELSE 0 END",
}
CHANGING = 'created_at, channel, kind, state, provider_serial, opened_at, viewed_at, segments'


def upgrade() -> None:
    op.create_table(
        'news_count',
        sa.Column('day', sa.String(length=10), nullable=False),
        sa.Column('channel', sa.String(length=8), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in NUMBERS),
        sa.PrimaryKeyConstraint('day', 'channel', name=op.f('pk_news_count')),
    )
    day = _day('notification')
    sums = ', '.join(f"sum({each.format(row='notification')})" for each in NUMBERS.values())
    op.execute(f"INSERT INTO news_count SELECT {day}, channel, {sums} FROM notification GROUP BY {day}, channel")
    make_triggers()


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER count_news ON notification')
        op.execute('DROP FUNCTION count_news()')
    else:
        for event in ('insert', 'delete', 'update'):
            op.execute(f'DROP TRIGGER IF EXISTS count_news_{event}')
    op.drop_table('news_count')


def make_triggers() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        _on_postgresql()
    else:
        _on_sqlite()


def _on_postgresql() -> None:
    op.execute(f"""
        CREATE OR REPLACE FUNCTION count_news() RETURNS trigger AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                {_change('OLD', '-')}
            END IF;
            IF TG_OP <> 'DELETE' THEN
                {_change('NEW', '+')}
                IF NOT FOUND THEN
                    INSERT INTO news_count VALUES ({_values('NEW')});
                END IF;
            END IF;
            RETURN NULL;
        END $$ LANGUAGE plpgsql""")
    op.execute(
        f'CREATE TRIGGER count_news AFTER INSERT OR DELETE OR UPDATE OF {CHANGING} ON notification'
        ' FOR EACH ROW EXECUTE PROCEDURE count_news()'
    )


def _on_sqlite() -> None:
    added = f"INSERT OR IGNORE INTO news_count VALUES ({_day('NEW')}, NEW.channel, {', '.join('0' for _ in NUMBERS)});"
    more, less = f"{added} {_change('NEW', '+')}", _change('OLD', '-')
    op.execute(f'CREATE TRIGGER count_news_insert AFTER INSERT ON notification BEGIN {more} END')
    op.execute(f'CREATE TRIGGER count_news_delete AFTER DELETE ON notification BEGIN {less} END')
    op.execute(f'CREATE TRIGGER count_news_update AFTER UPDATE OF {CHANGING} ON notification BEGIN {less} {more} END')


def _change(row: str, sign: str) -> str:
    changes = ', '.join(f'{name} = {name} {sign} ({each.format(row=row)})' for name, each in NUMBERS.items())
    return f'UPDATE news_count SET {changes} WHERE day = {_day(row)} AND channel = {row}.channel;'


def _values(row: str) -> str:
    return ', '.join((_day(row), f'{row}.channel', *(each.format(row=row) for each in NUMBERS.values())))


def _day(row: str) -> str:
    if op.get_bind().dialect.name == 'postgresql':
        return f"to_char({row}.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    return f'substr({row}.created_at, 1, 10)'
