"""The carrier's callback over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.telling import mark_prepared, notifications, register, states, sweep

SECRET = "a-secret-of-the-hook"
HOOKS = ("tencent", "aliyun", "gateway")
URL = f"/hooks/sms/tencent?secret={SECRET}"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, sms_callback_secret=SECRET)


@pytest.fixture
def client(house: Services) -> FlaskClient:
    return application(house).test_client()


def item(serial: str, **changes: Any) -> dict[str, Any]:
    return {
        "user_receive_time": "2026-03-02 12:00:00",
        "nationcode": "86",
        "mobile": "13900000001",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": serial,
        **changes,
    }


def test_receipts_settle_messages_and_are_answered_as_the_carrier_expects(house: Services, client: FlaskClient) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    serial = notifications(house, exam_id)[0].provider_serial or ""
    for _ in range(2):
        answer = client.post(URL, json=[item(serial)])
        assert (answer.status_code, answer.get_json()) == (200, {"result": 0, "errmsg": "OK"})
    assert states(house, exam_id) == [("images_ready", "sms", "delivered")]


@pytest.mark.parametrize(
    "url",
    [
        "/hooks/sms/tencent",
        "/hooks/sms/tencent?secret=",
        "/hooks/sms/tencent?secret=x",
        f"{URL}x",
        "/hooks/sms/tencent?secret=%FF",
    ],
)
def test_without_the_secret_nobody_is_let_in(client: FlaskClient, url: str) -> None:
    assert client.post(url, json=[]).status_code == 403


def test_only_post_is_answered(client: FlaskClient) -> None:
    assert client.get(URL).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{}",
        b'"x"',
        b"null",
        b"\xff\xfe",
        json.dumps([{}] * 101).encode(),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"[" + b"9" * 5000 + b"]",
    ],
)
def test_what_is_no_array_of_receipts_is_a_bad_request(client: FlaskClient, body: bytes) -> None:
    answer = client.post(URL, data=body, content_type="application/json")
    assert answer.status_code == 400


def test_a_body_of_more_than_64_kib_is_refused(client: FlaskClient) -> None:
    assert client.post(URL, data=b"[" + b" " * 70_000 + b"]").status_code == 413


@pytest.mark.parametrize(
    "odd",
    [
        7,
        None,
        [],
        {},
        item(
            "",
        ),
        item("x" * 129),
        item("2640:1", report_status="MAYBE"),
        item("2640:1", mobile="not a phone"),
        item("2640:1", mobile=13900000001),
        item("2640:1", mobile="1" * 100_0),
        {"sid": ["2640:1"], "report_status": "SUCCESS"},
        item("\ud800"),
        item("2640\x001"),
        item("2640:1", errmsg="\ud800\x00"),
        item("2640:1", errmsg={"x": [1]}),
    ],
)
def test_one_odd_item_does_not_cost_the_others(house: Services, client: FlaskClient, odd: Any) -> None:
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    serial = notifications(house, exam_id)[0].provider_serial or ""
    answer = client.post(URL, json=[odd, item(serial)])
    assert answer.get_json() == {"result": 0, "errmsg": "OK"}
    assert states(house, exam_id) == [("images_ready", "sms", "delivered")]


def test_without_a_setting_the_hook_has_a_secret_nobody_can_guess(tmp_path: Path) -> None:
    house = services(tmp_path)
    made = house.notifications.sms_hook_secrets
    assert sorted(made) == ["aliyun", "gateway", "tencent"]
    assert [len(secret) for secret in set(made.values())] == [64] * 3
    assert services(tmp_path).notifications.sms_hook_secrets == made
    assert not [secret for secret in made.values() if secret in repr(house)]


def test_no_carrier_speaks_for_another(tmp_path: Path) -> None:
    names = {"tencent": "tencent", "aliyun": "aliyun", "gateway": "sms_gateway"}
    secrets = {carrier: f"a-secret-of-{carrier}" for carrier in names}
    house = services(tmp_path, **{f"{name}_callback_secret": secrets[carrier] for carrier, name in names.items()})
    client = application(house).test_client()
    for carrier in names:
        for door in (carrier, f"{carrier}/replies"):
            for owner, secret in secrets.items():
                answer = client.post(f"/hooks/sms/{door}?secret={secret}", json=[])
                assert (answer.status_code != 403) == (owner == carrier), (door, owner)


def test_the_older_setting_opens_the_hooks_of_the_first_carrier_alone(house: Services, client: FlaskClient) -> None:
    statuses = [client.post(f"/hooks/sms/{name}?secret={SECRET}", json=[]).status_code for name in HOOKS]
    assert statuses == [200, 403, 403]
