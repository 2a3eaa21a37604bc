"""Rows that count failed tries, by scope (code, address, patient …) and key. The limits come from the callers.

Why each change is one conditional statement, and not "read the row, decide, write the row":
- two processes that read the same row would both let their try pass; with one UPDATE the database lets one pass;
- a try is counted and committed before the factor is compared, so the count survives when the process dies in between;
- the same statements run whether or not the code exists, so neither the answer nor its time tells which codes exist.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, exists, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import AccessAttempts
from app.models.states import AttemptScope
from app.repos.changed_rows import changed_rows


def attempts(session: Session, scope: AttemptScope, key_hash: bytes) -> AccessAttempts | None:
    return session.get(AccessAttempts, (scope, key_hash), populate_existing=True)


def ensure_attempts(session: Session, scope: AttemptScope, key_hash: bytes, now: datetime) -> None:
    """Make sure that the row exists. The statements are the same whether or not it existed before."""
    row = AccessAttempts.__table__.c
    absent = ~exists().where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
    fresh = {row.scope: scope, row.key_hash: key_hash, row.consecutive: 0, row.lifetime: 0, row.window_count: 0}
    values = [literal(value, column.type) for column, value in (fresh | {row.updated_at: now}).items()]
    statement = insert(AccessAttempts).from_select([*fresh, row.updated_at], select(*values).where(absent))
    try:
        with session.begin_nested():
            session.execute(statement)
    except IntegrityError:
        pass  # another process made the row first


def count_attempt(
    session: Session,
    scope: AttemptScope,
    key_hash: bytes,
    now: datetime,
    *,
    pause: timedelta,
    in_a_row: int,
    for_life: int,
) -> bool:
    """Count one try in a single conditional UPDATE. False when no try is allowed now (pause, or factor off).

    Try number `in_a_row` starts the pause. Try number `for_life` turns the knowledge factor off. Both tries are still
    compared. After a pause the count in a row starts again at one.
    """
    fresh = case((AccessAttempts.paused_until.is_not(None), 0), else_=AccessAttempts.consecutive)
    full = fresh + 1 >= in_a_row
    statement = (
        update(AccessAttempts)
        .where(
            AccessAttempts.scope == scope,
            AccessAttempts.key_hash == key_hash,
            AccessAttempts.knowledge_off_at.is_(None),
            or_(AccessAttempts.paused_until.is_(None), AccessAttempts.paused_until <= now),
        )
        .values(
            consecutive=fresh + 1,
            lifetime=AccessAttempts.lifetime + 1,
            paused_until=case((full, now + pause), else_=None),
            knowledge_off_at=case((AccessAttempts.lifetime + 1 >= for_life, now), else_=None),
            updated_at=now,
        )
    )
    return changed_rows(session, statement) == 1


def shorten_pause(session: Session, scope: AttemptScope, key_hash: bytes, now: datetime, pause: timedelta) -> None:
    """Let a pause end at the latest `pause` from now. After the clock was set back it would last much longer."""
    statement = (
        update(AccessAttempts)
        .where(
            AccessAttempts.scope == scope,
            AccessAttempts.key_hash == key_hash,
            AccessAttempts.paused_until > now + pause,
        )
        .values(paused_until=now + pause)
    )
    session.execute(statement)


def forgive_attempt(session: Session, scope: AttemptScope, key_hash: bytes, now: datetime) -> None:
    """The counted try succeeded: take it off the lifetime and set the count in a row to zero."""
    statement = (
        update(AccessAttempts)
        .where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
        .values(
            consecutive=0,
            lifetime=case((AccessAttempts.lifetime > 0, AccessAttempts.lifetime - 1), else_=0),
            paused_until=None,
            knowledge_off_at=None,
            updated_at=now,
        )
    )
    session.execute(statement)


def reset_attempts(session: Session, scope: AttemptScope, key_hash: bytes, now: datetime) -> None:
    """Set every count of the row to zero and end its pause, as if nobody had ever tried."""
    statement = (
        update(AccessAttempts)
        .where(AccessAttempts.scope == scope, AccessAttempts.key_hash == key_hash)
        .values(
            consecutive=0,
            lifetime=0,
            paused_until=None,
            knowledge_off_at=None,
            window_started_at=None,
            window_count=0,
            updated_at=now,
        )
    )
    session.execute(statement)


def count_in_window(
    session: Session, scope: AttemptScope, key_hash: bytes, now: datetime, window: timedelta, most: int | None = None
) -> datetime | None:
    """Count one try in a single conditional UPDATE, unless the current time window already holds `most` tries.

    Returns the start of the window, or None when the window is full. The first counted try starts a window. A window
    may start in the future (the clock was set back, or the clock of another node is ahead): then it starts now and
    keeps its count.
    """
    row = AccessAttempts
    over = or_(row.window_started_at.is_(None), row.window_started_at <= now - window)
    own = (row.scope == scope, row.key_hash == key_hash)
    with_room = () if most is None else (or_(over, row.window_count < most),)
    statement = (
        update(row)
        .where(*own, *with_room)
        .values(
            window_count=case((over, 1), else_=row.window_count + 1),
            window_started_at=case((or_(over, row.window_started_at > now), now), else_=row.window_started_at),
            lifetime=row.lifetime + 1,
            updated_at=now,
        )
        .returning(row.window_started_at)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one_or_none()


def uncount_in_window(session: Session, scope: AttemptScope, key_hash: bytes, began: datetime) -> None:
    """Take one try off the window that began at `began`. A later window does not change: it never counted this try."""
    row = AccessAttempts
    same = (row.scope == scope, row.key_hash == key_hash, row.window_started_at == began, row.window_count > 0)
    statement = update(row).where(*same).values(window_count=row.window_count - 1)
    session.execute(statement.execution_options(synchronize_session=False))
