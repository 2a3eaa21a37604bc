"""A message that raises what nobody foresaw holds up no other, and ends where somebody sees it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.bootstrap import Services
from app.errors import DatabaseUnavailable
from app.models import Notification
from app.repos.notifications import outbox as repo
from app.services.channels.sms import SmsChannel
from sms.templates import SmsMessage
from tests.factories.house import clock_of, services
from tests.factories.telling import mark_prepared, notifications, only_state, register, sweep, untold


def spoil(house: Services, exam_id: uuid.UUID, **values: Any) -> uuid.UUID:
    """Change the exam's message as no code of ours would; its id."""
    (row,) = notifications(house, exam_id)
    with house.db.session() as session:
        repo.change(session, row.id, (row.state,), None, values)
    return row.id


def two_released(house: Services) -> tuple[uuid.UUID, uuid.UUID]:
    first = untold(house)
    clock_of(house).advance(1)
    second = register(house, "A2")
    mark_prepared(house, "A2")
    house.release.gate.release_due()
    return first, second


def test_a_message_whose_template_is_gone_fails_visibly_and_the_others_go_on(tmp_path: Path) -> None:
    house = services(tmp_path)
    first, second = two_released(house)
    spoil(house, first, template="gone_t9")
    sweep(house)
    assert (only_state(house, first), only_state(house, second)) == ("failed", "accepted")


def test_a_message_nobody_foresaw_waits_ever_longer_then_goes_to_the_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path)
    first, second = two_released(house)
    (row,) = notifications(house, first)
    seen = 0
    sound = SmsChannel.text

    def unsound(self: SmsChannel, session: Session, asked: Notification) -> SmsMessage:
        nonlocal seen
        if asked.id == row.id:
            seen += 1
            raise KeyError("K7M2QX")
        return sound(self, session, asked)

    monkeypatch.setattr(SmsChannel, "text", unsound)
    sweep(house)
    assert (only_state(house, first), only_state(house, second), seen) == ("pending", "accepted", 1)
    for _ in range(3 * 24 * 6 + 7):
        sweep(house, seconds=601)
    assert only_state(house, first) == "desk"
    assert 60 < seen < 90


def test_a_database_that_is_away_ends_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = services(tmp_path)
    two_released(house)
    calls = 0

    def away(*_: object) -> SmsMessage:
        nonlocal calls
        calls += 1
        raise DatabaseUnavailable

    monkeypatch.setattr(SmsChannel, "text", away)
    with pytest.raises(DatabaseUnavailable):
        house.notifications.sending.send_due()
    assert calls == 1


def test_a_silent_message_that_cannot_be_read_is_unknown_and_holds_up_no_other(tmp_path: Path) -> None:
    house = services(tmp_path)
    ids = two_released(house)
    for exam_id in ids:
        (row,) = notifications(house, exam_id)
        assert house.notifications.sending._claim(row.id, set())
    spoil(house, ids[0], recipient_sealed=b"broken")
    for seconds in (121, 700):
        sweep(house, seconds=seconds)
    assert [only_state(house, exam_id) for exam_id in ids] == ["desk", "desk"]
