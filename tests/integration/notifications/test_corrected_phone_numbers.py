"""All exams of a patient follow a corrected phone number, also one that is corrected while the carrier is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from sms.errors import SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import Accepted
from tests.factories.access import issued
from tests.factories.carriers import sending_over
from tests.factories.house import clock_of, services
from tests.factories.telling import (
    correct,
    deliver_receipts,
    mark_prepared,
    messages,
    register,
    states,
    sweep,
    tell,
)

OLD, NEW = "13900000001", "13900000002"


@pytest.mark.parametrize("is_known", [False, True])
def test_a_phone_number_given_with_another_exam_of_the_patient_ends_this_ones_codes_too(
    house: Services, app: Flask, is_known: bool
) -> None:
    exam = issued(house)
    if is_known:
        register(house, "A2")
    correct(house, "A2", patient_phone=NEW)
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 403


def test_an_exam_of_somebody_else_keeps_its_codes(house: Services, app: Flask) -> None:
    exam = issued(house)
    correct(house, "A2", patient_phone=NEW, patient_name="王建国")
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


def test_what_waits_for_one_exam_goes_to_the_number_that_came_with_another(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    correct(house, "A2", patient_phone=NEW)
    sweep(house)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [(event, state) for event, _, state in states(house, exam_id)] == [
        ("images_ready", "cancelled"),
        ("images_ready:2", "accepted"),
    ]


@pytest.mark.parametrize(("days", "told"), [(1, 1), (31, 0)])
def test_a_first_number_that_comes_with_another_exam_tells_of_what_is_recent_only(
    house: Services, days: int, told: int
) -> None:
    tell(house, patient_phone=None)
    clock_of(house).advance(days * 86_400)
    correct(house, "A2")
    sweep(house)
    assert len(messages(house)) == told


@dataclass
class Interrupted:
    """A carrier during whose call something else is committed; then it answers as told."""

    meanwhile: Callable[[], None]
    error: SendingError

    def send(self, *_: object) -> Accepted:
        self.meanwhile()
        raise self.error


@pytest.mark.parametrize("family", ["T0", "T1"])
@pytest.mark.parametrize(
    ("error", "ends_as"),
    [
        (SmsRetryLater("LimitExceeded.PhoneNumberDailyLimit", "later", after_s=86_400), "cancelled"),
        (SmsRefused("InvalidParameterValue.IncorrectPhoneNumber", "no such number"), "failed"),
    ],
)
def test_a_number_corrected_during_a_call_that_comes_to_nothing_is_told_at_once(
    tmp_path: Path, family: str, error: SendingError, ends_as: str
) -> None:
    house = services(tmp_path, sms_family=family)
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    sending_over(house, Interrupted(lambda: correct(house, patient_phone=NEW), error)).send_due()
    sweep(house)
    sweep(house, seconds=2 * 86_400)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [state for _, _, state in states(house, exam_id)] == [ends_as, "delivered"]


def test_a_number_corrected_during_a_call_of_unknown_end_is_not_told_by_itself(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    carrier = Interrupted(lambda: correct(house, patient_phone=NEW), SmsUnknown("ClientNetworkError", "no answer"))
    sending_over(house, carrier).send_due()
    sweep(house, seconds=60)
    assert messages(house, "+86" + NEW) == []
    assert [state for _, _, state in states(house, exam_id)] == ["unknown"]


def test_a_failing_receipt_of_the_old_number_tells_the_corrected_one(house: Services) -> None:
    tell(house, patient_phone="17000000001")
    correct(house)
    sweep(house)
    assert messages(house) == []
    deliver_receipts(house)
    sweep(house)
    assert len(messages(house)) == 1
