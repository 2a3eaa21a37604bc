"""A hospital's own gateway in place of a carrier: a link of the patient, receipts by its hook, fail-over to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.errors import SettingsError
from sms.simulator.gateway import StrictGateway, serving
from sms.templates import names_of_family
from tests.factories.access import application
from tests.factories.house import services, settings
from tests.factories.telling import correct, mark_prepared, notifications, register, states, sweep

TOKEN, SECRET = "a-token-of-the-gateway", "a-secret-of-the-hook"
GATEWAY = {"sms_carrier": "gateway", "sms_gateway_token": TOKEN, "sms_gateway_callback_secret": SECRET}


@pytest.fixture
def gateway() -> StrictGateway:
    return StrictGateway(TOKEN)


@pytest.fixture
def house(tmp_path: Path, gateway: StrictGateway) -> Iterator[Services]:
    with serving(gateway) as url:
        yield services(tmp_path, **GATEWAY, sms_gateway_url=url, sms_family="T3")


def link(gateway: StrictGateway) -> str:
    text = str(list(gateway.taken.values())[-1]["text"])
    return "/s/" + text.partition("/s/")[2].partition(" ")[0]


def test_the_link_in_the_message_opens_the_exam_with_the_last_four(house: Services, gateway: StrictGateway) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    client = application(house).test_client()
    assert client.post(link(gateway), data={"factor": "9999"}).status_code == 403
    assert client.post(link(gateway), data={"factor": "0027"}).headers["Location"] == f"/exams/{exam_id.hex}"


def test_its_receipt_settles_the_message_and_needs_the_secret(house: Services, gateway: StrictGateway) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    client = application(house).test_client()
    receipts = [{"serial": "g1", "phone": "+8613900000001", "delivered": True, "code": "DELIVRD"}]
    assert client.post("/hooks/sms/gateway", json=receipts).status_code == 403
    assert states(house, exam_id)[0][2] == "accepted"
    for _ in range(2):
        assert client.post(f"/hooks/sms/gateway?secret={SECRET}", json=receipts).status_code == 200
    assert states(house, exam_id)[0][2] == "delivered"


def test_an_answer_that_got_lost_is_settled_by_a_pulled_receipt(house: Services, gateway: StrictGateway) -> None:
    gateway.answers.append("cut")
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    assert states(house, exam_id)[0][2] == "unknown"
    sweep(house, seconds=31)
    assert states(house, exam_id)[0][2] == "delivered"
    assert len(gateway.taken) == 1


def test_a_link_that_went_to_another_number_opens_nothing_any_more(house: Services, gateway: StrictGateway) -> None:
    register(house)
    mark_prepared(house)
    sweep(house)
    sent = link(gateway)
    correct(house, patient_phone="13900000002")
    assert application(house).test_client().post(sent, data={"factor": "0027"}).status_code == 403


def test_when_the_first_carrier_is_out_of_reach_the_gateway_takes_the_message(
    tmp_path: Path, gateway: StrictGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.tencent.sender.ENDPOINT", "127.0.0.1:1")
    ids = ",".join(f"{name}={number}" for number, name in enumerate(names_of_family("T0")))
    tencent = {"tencent_secret_id": "a", "tencent_secret_key": "b", "tencent_sms_app_id": "1"}
    with serving(gateway) as url:
        house = services(
            tmp_path,
            **{**GATEWAY, "sms_carrier": "tencent", "sms_second_carrier": "gateway", "sms_gateway_url": url},
            **tencent,
            tencent_template_ids=ids,
        )
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        assert states(house, exam_id)[0][2] == "accepted"
        assert notifications(house, exam_id)[0].provider_serial == "gateway:g1"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sms_carrier": "gateway"}, "CLOUDFILM_SMS_GATEWAY_URL is needed"),
        ({"sms_family": "T3"}, "T3 needs the gateway alone"),
        ({"sms_second_carrier": "gateway"}, "must be another than the first"),
        ({**GATEWAY, "sms_gateway_url": "https://a.example", "sms_second_carrier": "gateway"}, "must be another"),
        ({"sms_gateway_url": "ftp://x"}, "CLOUDFILM_SMS_GATEWAY_URL"),
    ],
)
def test_settings_that_contradict_each_other_stop_the_start(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        settings(tmp_path, **changes)
