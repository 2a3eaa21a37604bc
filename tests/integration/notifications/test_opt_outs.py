"""Who answers TD or says so at the desk gets no news by text message; codes are sent all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Services
from app.errors import InvalidInput, NobodyToTell
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.phone_door import ask
from tests.factories.telling import exam_of, mark_prepared, messages, notifications, register, states, sweep

SECRET = "a-secret-of-the-hook"
NAMES = {"tencent": "tencent", "aliyun": "aliyun", "gateway": "sms_gateway"}
TENCENT = {"nationcode": "86", "mobile": "13900000001", "text": "TD", "sign": "云影像医院", "time": 1457336869}
ALIYUN = [{"phone_number": "13900000001", "content": " 退订 ", "send_time": "2026-03-02 12:00:00", "sign_name": "x"}]
GATEWAY = [{"phone": "+8613900000001", "text": "td"}]


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, **{f"{name}_callback_secret": f"{SECRET}-{at}" for at, name in NAMES.items()})


def answered(house: Services, carrier: str, body: Any, secret: str = SECRET) -> Any:
    return application(house).test_client().post(f"/hooks/sms/{carrier}/replies?secret={secret}-{carrier}", json=body)


def last(house: Services, accession: str) -> str:
    exam_id = register(house, accession)
    mark_prepared(house, accession)
    sweep(house, seconds=31)  # the carrier takes the same text for one number twice a minute
    return states(house, exam_id)[-1][2]


@pytest.mark.parametrize(
    ("carrier", "body", "told"),
    [
        ("tencent", TENCENT, {"result": 0, "errmsg": "OK"}),
        ("aliyun", ALIYUN, {"code": 0, "msg": "OK"}),
        ("gateway", GATEWAY, {"ok": True}),
    ],
)
def test_who_opted_out_gets_codes_and_no_news_until_the_desk_takes_it_back(
    house: Services, carrier: str, body: Any, told: dict[str, Any]
) -> None:
    assert last(house, "A1") == "accepted"
    for _ in range(2):
        assert answered(house, carrier, body).get_json() == told
    assert last(house, "A2") == "cancelled"
    exam_id = exam_of(house, "A2").id
    assert house.desk.exams.exam(exam_id, "staff:a").opted_out
    assert "opted_out" in [step.detail for step in house.desk.messages.history(exam_id)[-1].history]
    ask(application(house).test_client(), "13900000001")
    while house.worker.run_job():
        pass
    sweep(house)
    assert "验证码" in messages(house)[-1].text
    house.notifications.opt_outs.said_at_desk(exam_id, False, "patient asks", "staff:a")
    assert last(house, "A3") == "accepted"


@pytest.mark.parametrize("text", ["请问什么时候能看？", "TDX", "", "不退订", "T" * 10_000])
def test_another_answer_means_nothing(house: Services, text: str) -> None:
    assert answered(house, "tencent", {**TENCENT, "text": text}).status_code == 200
    assert last(house, "A1") == "accepted"


@pytest.mark.parametrize("text", ["TD", "td", "ＴＤ", " T ", "退订", "退订。", "【退订】", "T退订"])
def test_the_words_that_mean_it(house: Services, text: str) -> None:
    answered(house, "tencent", {**TENCENT, "text": text})
    assert last(house, "A1") == "cancelled"


def test_another_number_is_told_as_before(house: Services) -> None:
    answered(house, "tencent", {**TENCENT, "mobile": "13900000002"})
    assert last(house, "A1") == "accepted"


@pytest.mark.parametrize("carrier", ["tencent", "aliyun", "gateway"])
def test_without_the_secret_nobody_answers_for_a_number(house: Services, carrier: str) -> None:
    body = {"tencent": TENCENT, "aliyun": ALIYUN, "gateway": GATEWAY}[carrier]
    assert answered(house, carrier, body, secret="x").status_code == 403
    assert last(house, "A1") == "accepted"


@pytest.mark.parametrize("carrier", ["tencent", "aliyun", "gateway"])
@pytest.mark.parametrize("body", [None, 7, "x", [[]], {"mobile": 7}, [{"phone_number": "x"}], [None]])
def test_what_is_no_answer_is_no_server_error(house: Services, carrier: str, body: Any) -> None:
    assert answered(house, carrier, body).status_code in (200, 400)


def test_at_the_desk_a_reason_and_a_number_are_needed_and_both_are_recorded(house: Services) -> None:
    exam_id = register(house, "A1")
    with pytest.raises(InvalidInput):
        house.notifications.opt_outs.said_at_desk(exam_id, True, " ", "staff:a")
    for _ in range(2):
        house.notifications.opt_outs.said_at_desk(exam_id, True, "patient asks", "staff:a")
    events = [event.action for event in house.desk.exams.exam(exam_id, "staff:a").events]
    assert events.count("text_messages.refused") == 1
    nobody = register(house, "B1", patient_id="P2", patient_phone=None)
    with pytest.raises(NobodyToTell):
        house.notifications.opt_outs.said_at_desk(nobody, True, "patient asks", "staff:a")


def test_no_number_and_no_answer_is_stored_in_the_clear(house: Services, tmp_path: Path) -> None:
    answered(house, "tencent", {**TENCENT, "text": "TD"})
    assert last(house, "A1") == "cancelled"
    assert notifications(house, register(house, "A1"))[0].failure_code is None
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("cloudfilm.db*"))
    assert b"13900000001" not in stored
