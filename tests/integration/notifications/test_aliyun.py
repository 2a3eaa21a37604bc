"""Aliyun as the carrier of a house: told, settled by its hook or by asking it, also behind another carrier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap import Services
from sms.failover import Failover
from sms.sender import DeliveryReceipt, SmsSender
from sms.simulator.aliyun_server import StrictAliyun
from sms.simulator.inbox import PhoneInbox
from tests.factories import aliyun
from tests.factories.access import application
from tests.factories.carriers import PHONE, Away, house_over
from tests.factories.house import clock_of, services
from tests.factories.telling import mark_prepared, notifications, register, states, sweep

SECRET = "a-secret-of-the-hook"


@pytest.fixture
def carrier(tmp_path: Path) -> StrictAliyun:
    return aliyun.strict(tmp_path)


@contextmanager
def told_by(house: Services, carrier: StrictAliyun, *before: SmsSender) -> Iterator[Services]:
    # the SDK signs with the machine's time
    clock_of(house).advance((datetime.now(UTC) - house.clock.now()).total_seconds())
    with aliyun.sender(carrier) as sender:
        yield house_over(house, Failover((*before, sender)) if before else sender)


def arrived(folder: Path) -> int:
    return len(PhoneInbox(folder / "aliyun.db").messages(PHONE))


def test_its_hook_settles_a_message_by_serial_and_number(tmp_path: Path, carrier: StrictAliyun) -> None:
    with told_by(
        services(tmp_path, aliyun_callback_secret=SECRET, sms_callback_secret="a-secret-of-tencent"), carrier
    ) as house:
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        client = application(house).test_client()
        serial = (notifications(house, exam_id)[0].provider_serial or "").removeprefix("aliyun:")
        item = {"phone_number": "13900000001", "success": True, "err_code": "DELIVERED", "biz_id": serial, "out_id": ""}
        url = f"/hooks/sms/aliyun?secret={SECRET}"
        assert client.post("/hooks/sms/aliyun", json=[item]).status_code == 403
        assert client.post(url, json=[{**item, "phone_number": "13900000009"}]).status_code == 200
        assert client.post("/hooks/sms/tencent?secret=a-secret-of-tencent", json=[tencents(serial)]).status_code == 200
        assert states(house, exam_id)[0][2] == "accepted"
        for _ in range(2):
            assert client.post(url, json=[item]).get_json() == {"code": 0, "msg": "OK"}
        assert states(house, exam_id)[0][2] == "delivered"


def tencents(serial: str) -> dict[str, str]:
    """Another carrier's receipt that happens to bear the same number."""
    return {"nationcode": "86", "mobile": "13900000001", "report_status": "FAIL", "errmsg": "MK:0001", "sid": serial}


def test_an_answer_that_got_lost_is_settled_by_asking(tmp_path: Path, carrier: StrictAliyun) -> None:
    carrier.carrier.commands = ["lost"]
    with told_by(services(tmp_path), carrier) as house:
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        assert states(house, exam_id)[0][2] == "unknown"
        sweep(house, seconds=31)
        assert states(house, exam_id)[0][2] == "delivered"
    assert arrived(tmp_path) == 1


def test_an_unknown_outcome_of_the_first_carrier_is_not_told_to_the_second(
    tmp_path: Path, carrier: StrictAliyun
) -> None:
    from sms.errors import SmsUnknown

    class Silent(Away):
        answer = SmsUnknown("ClientNetworkError", "no answer")  # type: ignore[assignment]

    with told_by(services(tmp_path), carrier, Silent()) as house:  # type: ignore[arg-type]
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        sweep(house, seconds=700)
        assert states(house, exam_id)[0][2] == "desk"
    assert arrived(tmp_path) == 0


def test_when_the_first_carrier_is_out_of_reach_the_second_takes_the_message_once(
    tmp_path: Path, carrier: StrictAliyun
) -> None:
    first = Away()
    with told_by(services(tmp_path), carrier, first) as house:  # type: ignore[arg-type]
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        sweep(house, seconds=3600)
        assert states(house, exam_id)[0][2] == "delivered"
    assert (arrived(tmp_path), first.calls) == (1, 1)


def test_a_receipt_without_serial_and_without_our_id_settles_nothing(tmp_path: Path, carrier: StrictAliyun) -> None:
    class Nameless(Away):
        def receipts(self, *_: object) -> list[DeliveryReceipt]:  # type: ignore[override]
            return [DeliveryReceipt("", PHONE, True, "DELIVERED")]

    carrier.carrier.commands = ["lost"]
    with told_by(services(tmp_path), carrier) as house:
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        sweep(house_over(house, Nameless()), seconds=31)  # type: ignore[arg-type]
        assert states(house, exam_id)[0][2] == "unknown"
