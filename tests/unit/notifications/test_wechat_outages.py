"""WeChat is down for an hour, or WeChat and the carrier of text messages: afterwards each patient was told once."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.bootstrap import Services
from tests.factories.carriers import Away, house_over
from tests.factories.house import services
from tests.factories.telling import follow, mark_prepared, messages, register, states, sweep

SEND = "/cgi-bin/message/template/send"
PATIENTS = 6
TOLD = ("accepted", "delivered")


def openid(number: int) -> str:
    return f"oOpenid000{number}"


def taken(house: Services, number: int) -> int:
    """Messages that came to a patient, by both ways."""
    assert house.simulation.wechat is not None
    notices = house.simulation.wechat.notices(openid(number))
    return len(notices) + len(messages(house, f"+861390000001{number}"))


def come_one_after_the_other(house: Services, plain: Services) -> list[uuid.UUID]:
    """Six followers whose exams are finished in one hour, while `house` works."""
    exams = []
    for number in range(PATIENTS):
        changes = {"patient_id": f"Q{number}", "patient_phone": f"1390000001{number}"}
        exams.append(register(plain, f"A{number}", **changes, patient_id_number=None))
        follow(plain, exams[-1], openid(number))
        mark_prepared(plain, f"A{number}", PatientID=f"Q{number}")
        sweep(house, seconds=600)
    return exams


@pytest.mark.parametrize("both", [False, True], ids=["wechat", "both"])
@pytest.mark.parametrize("kind", ["-1", "45009"])
def test_after_an_hour_without_wechat_everybody_was_told_once(tmp_path: Path, kind: str, both: bool) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    assert house.simulation.wechat is not None
    house.simulation.wechat.order(SEND, kind, 10_000)
    exams = come_one_after_the_other(house_over(house, Away()) if both else house, house)
    before = sum(taken(house, number) for number in range(PATIENTS))
    assert before == 0 if both else before < PATIENTS
    house.simulation.wechat.order(SEND, kind, 0)  # it is back, and so is the carrier
    for _ in range(2):
        sweep(house, seconds=3601)
    assert [taken(house, number) for number in range(PATIENTS)] == [1] * PATIENTS
    for exam in exams:
        assert sum(state in TOLD for _, _, state in states(house, exam)) == 1
