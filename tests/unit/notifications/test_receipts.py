"""Receipts: pushed, early, late, twice, contradicting, stray."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

import sms.sender
from app.bootstrap import Services
from app.repos.notifications import receipts as receipt_repo
from app.services.channels.channel import Accepted, DeliveryReceipt
from sms.simulator.carrier import SimulatedCarrier
from tests.factories.house import clock_of, services
from tests.factories.telling import PHONE, mark_prepared, notifications, register, states, sweep


def sent(house: Services, accession: str = "A1", phone: str = "13900000001") -> tuple[uuid.UUID, str]:
    """An accepted message: its exam and the carrier's serial."""
    exam_id = register(house, accession, patient_phone=phone)
    mark_prepared(house, accession)
    sweep(house)
    return exam_id, notifications(house, exam_id)[0].provider_serial or ""


def receipt(serial: str, *, delivered: bool = True, phone: str = PHONE) -> DeliveryReceipt:
    return DeliveryReceipt(serial, phone, delivered, "DELIVRD" if delivered else "UNDELIV")


def state(house: Services, exam_id: uuid.UUID) -> str:
    return states(house, exam_id)[0][2]


def test_a_receipt_settles_its_message(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, serial = sent(house)
    house.notifications.receipts.take([receipt(serial)])
    assert state(house, exam_id) == "delivered"


@pytest.mark.parametrize("early", [False, True])
def test_a_receipt_of_another_number_settles_nothing(tmp_path: Path, early: bool) -> None:
    house = services(tmp_path)
    if early:
        exam_id = register(house)
        mark_prepared(house)
        house.release.gate.release_due()
        parcel = house.notifications.sending._claim(notifications(house, exam_id)[0].id, set())
        assert parcel is not None
        outcome = parcel.hand_over()
        assert isinstance(outcome, Accepted)
        house.notifications.receipts.take([receipt(outcome.serial, phone="+8613700000009", delivered=False)])
        house.notifications.sending.record(parcel.row, outcome)
    else:
        exam_id, serial = sent(house)
        house.notifications.receipts.take([receipt(serial, phone="+8613700000009", delivered=False)])
    assert state(house, exam_id) == "accepted"


def test_a_finished_state_is_never_overwritten(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, serial = sent(house)
    house.notifications.receipts.take([receipt(serial)])
    house.notifications.receipts.take([receipt(serial, delivered=False), receipt(serial)])
    assert state(house, exam_id) == "delivered"
    steps = [step.state for step in house.desk.messages.history(exam_id)[0].history]
    assert steps.count("delivered") == 1
    assert "failed" not in steps


def test_a_receipt_that_overtakes_our_own_commit_is_not_lost(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    (row,) = notifications(house, exam_id)
    notify = house.notifications.sending
    parcel = notify._claim(row.id, set())
    assert parcel is not None
    outcome = parcel.hand_over()
    assert isinstance(outcome, Accepted)
    house.notifications.receipts.take([receipt(outcome.serial)])
    assert state(house, exam_id) == "sending"
    notify.record(parcel.row, outcome)
    assert state(house, exam_id) == "delivered"
    with house.db.read() as session:
        assert receipt_repo.early_receipt(session, outcome.serial) is None


def test_a_receipt_that_comes_before_the_outcome_is_known_to_be_unknown_settles_it(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    house.release.gate.release_due()
    (row,) = notifications(house, exam_id)
    assert house.notifications.sending._claim(row.id, set())
    house.notifications.receipts.take([receipt("2640:1")])
    sweep(house, seconds=121)
    assert state(house, exam_id) == "delivered"


def test_a_receipt_without_message_changes_nothing(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, _ = sent(house)
    house.notifications.receipts.take([receipt("2640:nobodys")])
    assert state(house, exam_id) == "accepted"


def test_a_receipt_of_another_phone_settles_no_unknown_outcome(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, _ = sent(house, phone="17000000005")
    house.notifications.receipts.take([receipt("2640:1", phone="+8613911111111")])
    assert state(house, exam_id) == "unknown"


def test_two_unknown_outcomes_of_one_phone_are_not_guessed_apart(tmp_path: Path) -> None:
    house = services(tmp_path)
    first, _ = sent(house, "A1", "17000000005")
    second, _ = sent(house, "A2", "17000000005")
    house.notifications.receipts.take([receipt("2640:1", phone="+8617000000005")])
    assert (state(house, first), state(house, second)) == ("unknown", "unknown")


def test_a_receipt_that_overtakes_one_message_never_settles_another_of_the_same_phone(tmp_path: Path) -> None:
    house = services(tmp_path)
    lost, _ = sent(house, "A1", "17000000005")
    exam_id = register(house, "A2", patient_phone="17000000005")
    mark_prepared(house, "A2")
    house.release.gate.release_due()
    (row,) = notifications(house, exam_id)
    notify = house.notifications.sending
    parcel = notify._claim(row.id, set())
    assert parcel is not None
    house.notifications.receipts.take([receipt("2640:second", phone="+8617000000005")])
    assert state(house, lost) == "unknown"
    notify.record(parcel.row, Accepted("2640:second", 1))
    assert (state(house, lost), state(house, exam_id)) == ("unknown", "delivered")


def test_a_receipt_settles_a_message_that_is_already_at_the_desk(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, _ = sent(house, phone="17000000005")
    sweep(house, seconds=601)
    assert state(house, exam_id) == "desk"
    house.notifications.receipts.take([receipt("2640:1", phone="+8617000000005")])
    assert state(house, exam_id) == "delivered"


def test_early_receipts_are_forgotten_after_three_days(tmp_path: Path) -> None:
    house = services(tmp_path)
    house.notifications.receipts.take([receipt("2640:old")])
    clock_of(house).advance(73 * 3600)
    house.notifications.receipts.take([receipt("2640:new")])
    with house.db.read() as session:
        assert receipt_repo.early_receipt(session, "2640:old") is None
        assert receipt_repo.early_receipt(session, "2640:new") is not None


def test_the_same_array_ten_times_at_once_is_as_good_as_once(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id, serial = sent(house)
    array = [receipt(serial), receipt("2640:stray")]
    threads = [threading.Thread(target=house.notifications.receipts.take, args=(array,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state(house, exam_id) == "delivered"
    steps = [step.state for step in house.desk.messages.history(exam_id)[0].history]
    assert steps.count("delivered") == 1


def test_a_message_whose_answer_cannot_be_read_goes_to_the_desk_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path)
    broken, _ = sent(house, "A1", "17000000005")
    sound_one, _ = sent(house, "A2", "17000000004")
    carrier = house.simulation.carrier
    assert carrier is not None
    sound, asked = type(carrier).receipts, 0

    def unsound(self: SimulatedCarrier, phone: str, *rest: datetime) -> Sequence[sms.sender.DeliveryReceipt]:
        nonlocal asked
        if phone.endswith("5"):
            asked += 1
            raise KeyError(phone)
        return sound(self, phone, *rest)

    monkeypatch.setattr(type(carrier), "receipts", unsound)
    sweep(house, seconds=31)
    assert (state(house, broken), state(house, sound_one), asked) == ("unknown", "delivered", 1)
    sweep(house, seconds=601)
    assert state(house, broken) == "desk"
