"""Foreign phone numbers: left out unless their region is taken, and then told by texts that are registered for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.web.machine.ris.bodies import exam_input
from sms.errors import SmsRefused
from sms.registration import FOREIGN
from sms.simulator.server import serving
from sms.tencent.callback import receipts_of
from sms.tencent.sender import TencentSender
from tests.factories.access import application
from tests.factories.carriers import ready
from tests.factories.door_app import bearer
from tests.factories.house import exam_body, services
from tests.factories.phone_door import listed
from tests.factories.telling import deliver_receipts, exam_of, mark_prepared, messages, states, sweep
from tests.factories.tencent import ACCOUNT, IDS, strict

HONG_KONG = "+85291234567"


@pytest.mark.parametrize(("regions", "kept"), [("CN", None), ("CN,HK", HONG_KONG)])
def test_a_foreign_number_is_kept_where_its_region_is_taken(tmp_path: Path, regions: str, kept: str | None) -> None:
    house = services(tmp_path, phone_regions=regions)
    client = application(house).test_client()
    body = exam_body(patient_phone="+852 9123 4567")
    assert client.put("/api/v1/exams/A1", json=body, headers=bearer(house, "ris")).status_code == 201
    assert house.exams.views.by_accession("A1").patient.phone == kept


def test_a_patient_with_a_foreign_number_is_told_and_comes_in_by_it(tmp_path: Path) -> None:
    house = services(tmp_path, phone_regions="CN,HK")
    given = exam_input(exam_body(patient_phone="+852 9123 4567"), ("CN", "HK"))
    house.exams.registration.register("A1", given, "machine:ris")
    exam = exam_of(house)
    mark_prepared(house)
    sweep(house)
    deliver_receipts(house)
    assert states(house, exam.id) == [("images_ready", "sms", "delivered")]
    assert len(messages(house, HONG_KONG)) == 1
    client = application(house).test_client()
    assert client.post("/p", data={"phone": HONG_KONG, "action": "send_code"}).status_code == 200
    sweep(house)
    digits = messages(house, HONG_KONG)[-1].text.partition("验证码是")[2][:6]
    form = {"phone": "+852 91234567", "one_time_code": digits, "factor": "0027"}
    assert client.post("/p", data=form).status_code == 303
    assert listed(client) == [exam.id.hex]


def test_the_strict_carrier_takes_a_foreign_number_with_a_foreign_text_only(tmp_path: Path) -> None:
    carrier = strict(tmp_path)
    foreign_id = "3000001"
    templates = {**carrier.account.templates, foreign_id: carrier.account.templates[IDS["ready_t1"]]}
    account = replace(carrier.account, templates=templates, foreign=frozenset({foreign_id}))
    with serving(replace(carrier, account=account)) as endpoint:

        def sender(ids: dict[str, str]) -> TencentSender:
            return TencentSender(ACCOUNT, ids, endpoint=endpoint, scheme="http")

        assert sender(IDS | {"ready_t1" + FOREIGN: foreign_id}).send(HONG_KONG, ready(), "n").serial
        refused = {
            "no template id": (IDS, HONG_KONG),
            "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": (
                IDS | {"ready_t1" + FOREIGN: IDS["ready_t1"]},
                HONG_KONG,
            ),
            "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": (
                IDS | {"ready_t1": foreign_id},
                "+8613900000001",
            ),
        }
        for code, (ids, phone) in refused.items():
            with pytest.raises(SmsRefused) as caught:
                sender(ids).send(phone, ready(), "n")
            assert caught.value.code == code


def test_a_receipt_of_a_foreign_number_is_read_with_its_country() -> None:
    item = {"sid": "2640:1", "nationcode": "852", "mobile": "91234567", "report_status": "SUCCESS", "errmsg": "DELIVRD"}
    (receipt,) = receipts_of([item])
    assert receipt.phone == HONG_KONG
