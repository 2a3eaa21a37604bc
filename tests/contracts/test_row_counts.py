"""The counts of /metrics are those of the rows, whoever writes them, and a step of the schema loses no trigger."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.database import schema
from app.models import (
    ABOUT_ACCESS,
    NO_NEWS,
    ChannelName,
    NewsCount,
    Notification,
    NotificationKind,
    QuarantineItem,
    RowCount,
    Study,
    StudyOrder,
)
from app.models.states import MatchState, StudyState
from app.repos.exams import orders
from app.repos.notifications.funnel import NUMBERS
from app.services.operations.delivery_funnel import PERIOD
from tests.factories import pages
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.telling import receive_study, register, released, sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def some(house: Services) -> None:
    """Rows of every counted kind."""
    for number in range(3):
        pages.unmatched(house, number)
        pages.quarantined(house, number)
        pages.message(house, number, "desk")


def drawn(random_: random.Random, session: Session, column: object) -> uuid.UUID:
    return random_.choice(session.scalars(select(column).order_by(column)).all())  # type: ignore[call-overload, no-any-return]


def change_study(random_: random.Random, session: Session) -> None:
    one = drawn(random_, session, Study.id)
    session.execute(update(Study).where(Study.id == one).values(state=random_.choice(list(StudyState))))


def change_order(random_: random.Random, session: Session) -> None:
    order = session.get_one(StudyOrder, drawn(random_, session, StudyOrder.id))
    order.match_state = random_.choice(list(MatchState))


def name_another_order(random_: random.Random, session: Session) -> None:
    number = str(random_.random())
    study = session.get_one(Study, drawn(random_, session, Study.id))
    orders.add(session, study, [number], 9)


def remove_order(random_: random.Random, session: Session) -> None:
    session.flush()
    if len(session.scalars(select(StudyOrder.id)).all()) > 1:
        session.execute(delete(StudyOrder).where(StudyOrder.id == drawn(random_, session, StudyOrder.id)))


def change_all_messages(random_: random.Random, session: Session) -> None:
    session.execute(update(Notification).values(state=random_.choice(["pending", "delivered", "failed"])))


def change_some_messages(random_: random.Random, session: Session) -> None:
    message = session.get_one(Notification, drawn(random_, session, Notification.id))
    message.kind = random_.choice(list(NotificationKind))
    message.channel = random_.choice(list(ChannelName))
    message.created_at += timedelta(hours=random_.randrange(-50, 50))
    message.segments, message.provider_serial = random_.randrange(3), random_.choice([None, "s1"])
    message.opened_at, message.viewed_at = (random_.choice([None, message.created_at]) for _ in range(2))
    message.exam_id, message.occasion = message.exam_id, random_.randrange(1, 10**6)


def remove_message(random_: random.Random, session: Session) -> None:
    session.flush()
    if len(session.scalars(select(Notification.id)).all()) > 1:
        session.execute(delete(Notification).where(Notification.id == drawn(random_, session, Notification.id)))


def remove_object(_: random.Random, session: Session) -> None:
    one = session.scalars(select(QuarantineItem)).first()
    if one is not None:
        session.delete(one)


CHANGES: tuple[Callable[[random.Random, Session], None], ...] = (
    *(change_study, change_order, name_another_order, remove_order),
    *(change_all_messages, change_some_messages, remove_message, remove_object),
)


@pytest.mark.parametrize("seed", range(6))
def test_counts_follow_rows_through_any_changes(house: Services, seed: int) -> None:
    some(house)
    random_ = random.Random(seed)
    for _ in range(25):
        with house.db.session() as session:
            for change in random_.choices(CHANGES, k=3):
                change(random_, session)
        assert house.operations.row_counts.faults() == []


def test_a_change_that_is_rolled_back_is_not_counted(house: Services) -> None:
    some(house)
    with pytest.raises(IntegrityError), house.db.session() as session:
        session.execute(update(Notification).values(state="failed", exam_id=uuid.uuid4()))
    assert house.operations.row_counts.faults() == []


def test_counts_are_right_after_an_exams_whole_way(house: Services) -> None:
    released(house)
    register(house, "A2")
    receive_study(house, AccessionNumber="A2")
    sweep(house, seconds=3600)
    assert house.operations.row_counts.faults() == []
    figures = {figure.name: dict(figure.values) for figure in house.operations.figures.now()}
    assert sum(figures["cloudfilm_studies"].values()) == 2
    assert sum(figures["cloudfilm_messages"].values()) > 0


def test_days_are_those_of_universal_time_at_the_border_of_30_days(house: Services) -> None:
    some(house)
    since = house.clock.now() - PERIOD
    midnight = datetime.combine(since.date() + timedelta(days=1), time(), UTC)
    moments = (since, since + timedelta(microseconds=1), midnight - timedelta(microseconds=1), midnight)
    for moment, is_counted in zip(moments, (False, True, True, True), strict=True):
        with house.db.session() as session:
            session.execute(update(Notification).values(created_at=moment, kind="images_ready"))
        assert [one.steps["queued"] for one in house.operations.delivery_funnel.last_days()] == [3] * is_counted
        assert house.operations.row_counts.faults() == []


def test_the_triggers_know_which_messages_tell_no_news() -> None:
    step = ScriptDirectory.from_config(schema.configuration()).get_revision("0036").module
    assert str(tuple(kind.value for kind in ABOUT_ACCESS)) == step.ABOUT_ACCESS
    assert {step.CODE.strip("'"), *ABOUT_ACCESS} == set(NO_NEWS)
    assert tuple(step.NUMBERS) == NUMBERS


def test_a_step_of_the_schema_keeps_the_counts_right_both_ways(house: Services) -> None:
    some(house)
    schema.downgrade(house.db, "0024")
    with house.db.writing.begin() as connection:
        connection.execute(text("UPDATE notification SET state = 'failed'"))
    schema.upgrade(house.db)
    assert house.operations.row_counts.faults() == []
    with house.db.session() as session:
        session.execute(update(Notification).values(state="delivered"))
    assert house.operations.row_counts.faults() == [], "the triggers are there again"


def test_what_was_written_past_the_triggers_is_found_and_put_right_once(house: Services) -> None:
    some(house)
    with house.db.session() as session:
        session.execute(update(RowCount).where(RowCount.name == "messages").values(counted=7))
    runner = application(house).test_cli_runner()
    told = runner.invoke(args=["verify-counts"])
    assert told.exit_code == 1
    assert "messages sms desk: 7 kept, 3 counted" in told.output
    with house.db.session() as session:
        session.execute(update(NewsCount).values(queued=5))
    assert "sms queued: 5 kept, 3 counted" in runner.invoke(args=["verify-counts"]).output
    assert runner.invoke(args=["verify-counts", "--mend"]).exit_code == 0
    assert runner.invoke(args=["verify-counts"]).output == "0 faults\n"
