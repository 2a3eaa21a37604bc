"""News sent again by staff: a new code, with a reason, not without end."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import Conflict, InvalidInput, TooManyAttempts
from tests.factories.house import clock_of, services
from tests.factories.telling import (
    mark_prepared,
    messages,
    register,
    report,
    states,
    sweep,
    untold,
)


@pytest.mark.parametrize("with_report", [False, True])
def test_staff_send_the_news_again_with_a_new_code(tmp_path: Path, with_report: bool) -> None:
    house = services(tmp_path, sms_family="T1")
    exam_id = untold(house)
    sweep(house)
    clock_of(house).advance(60)
    if with_report:
        report(house)
    house.desk.messages.resend(exam_id, "手机丢失", "staff:desk")
    sweep(house)
    texts = [message.text for message in messages(house)]
    assert len(set(texts)) == len(texts) == 2 + with_report
    assert ("影像和报告" in texts[-1] or "影像和报告" in texts[-2]) is with_report


def test_a_resend_needs_a_reason_a_released_exam_and_patience(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    with pytest.raises(Conflict):
        house.desk.messages.resend(exam_id, "reason", "staff:desk")
    mark_prepared(house)
    sweep(house)
    with pytest.raises(InvalidInput):
        house.desk.messages.resend(exam_id, "  ", "staff:desk")
    for _ in range(3):
        house.desk.messages.resend(exam_id, "reason", "staff:desk")
    with pytest.raises(TooManyAttempts):
        house.desk.messages.resend(exam_id, "reason", "staff:desk")
    clock_of(house).advance(timedelta(hours=1).total_seconds() + 1)
    house.desk.messages.resend(exam_id, "reason", "staff:desk")
    assert [event for event, _, _ in states(house, exam_id)] == [
        "images_ready",
        "resend",
        "resend:2",
        "resend:3",
        "resend:4",
    ]


def test_a_resend_wakes_the_worker(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house)
    woken = threading.Event()
    replace(house.desk.messages, wake=woken.set).resend(exam_id, "reason", "staff:desk")
    assert woken.is_set()
