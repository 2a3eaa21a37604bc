"""What reaches /hooks/wechat: only WeChat's own pushes are believed, in time and once; users are answered at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from wechatpy.crypto import WeChatCrypto

from app import create_app
from app.bootstrap import Services
from app.models import AuditEvent, Notification, WechatPush
from tests.factories.house import clock_of, services
from tests.factories.telling import follow, mark_prepared, register, states, sweep
from tests.factories.wechat import AES_KEY, APPID, CONFIG, LI, TOKEN
from wechat.simulator import ciphers, pushing
from wechat.simulator.config import Callback
from wechat.simulator.world import World

RELAY = "between-hospital-and-us"


def house_of(folder: Path, mode: str) -> Services:
    return services(
        folder,
        wechat_notices="simulated",
        wechat_appid=APPID,
        wechat_callback=mode,
        wechat_callback_token=TOKEN,
        wechat_aes_key=AES_KEY,
        wechat_relay_secret=RELAY if mode == "relay" else "",
        wechat_verify="abc123",
    )


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return house_of(tmp_path, "safe")


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


class Sender:
    """A WeChat that signs with the account's secrets on the house's clock, and delivers to the test's client."""

    def __init__(self, app: Flask, house: Services, **changes: Any) -> None:
        callback = Callback(**{"url": "/hooks/wechat", "token": TOKEN, "aes_key": AES_KEY, "mode": "safe", **changes})
        self.world = World(
            CONFIG.__class__(appid=APPID, callback=callback), base_now=lambda: clock_of(house).now().timestamp()
        )
        self.client = app.test_client()

    def made(self, text: str = "", event: str = "", age_s: float = 0, **more: Any) -> pushing.Push:
        fields = pushing.text_fields(self.world, text) if text else pushing.event_fields(event, **more)
        xml = pushing.message(self.world, LI, fields, age_s=age_s)
        return pushing.signed(self.world, xml, LI, age_s=age_s)

    def post(self, push: pushing.Push, body: bytes | None = None, **query: str) -> Any:
        target = push.url
        for name, value in query.items():
            target = re.sub(rf"(?<=[?&]){name}=[^&]*", f"{name}={value}", target)
        return self.client.post(
            target, data=push.body if body is None else body, headers=dict(push.headers), content_type="text/xml"
        )

    def opened(self, answer: Any) -> str:
        found = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]>", answer.text)
        assert found, answer.text
        return ciphers.decrypted(found[1], AES_KEY, APPID)


def refusals(house: Services) -> list[str]:
    with house.db.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "wechat.callback_refused"))
        return [event.detail["reason"] for event in events]


@pytest.mark.parametrize(
    ("text", "to"),
    [("报告", "exams"), ("我的影像在哪里", "exams"), ("K7M2PX", "pickup"), (" k7m 2px ", "pickup")],
)
def test_a_word_or_a_code_is_answered_at_once_with_a_link(house: Services, app: Flask, text: str, to: str) -> None:
    sender = Sender(app, house)
    answer = sender.post(sender.made(text))
    assert answer.status_code == 200
    assert f"{house.settings.base_url}/wx/enter?to={to}" in sender.opened(answer)
    assert f"<ToUserName><![CDATA[{LI}]]>" in sender.opened(answer)


def test_a_code_that_exists_is_answered_as_one_that_does_not_and_nothing_is_looked_up(
    house: Services, app: Flask
) -> None:
    sender = Sender(app, house)
    answers = {re.sub(r"\d{10}", "", sender.opened(sender.post(sender.made(code)))) for code in ("K7M2PX", "AAAAAA")}
    assert len(answers) == 1


@pytest.mark.parametrize("text", ["你好", "K7M2P", "12345678901"])
def test_other_words_are_left_to_the_hospitals_people(house: Services, app: Flask, text: str) -> None:
    sender = Sender(app, house)
    assert sender.post(sender.made(text)).text == "success"


def test_who_follows_is_welcomed(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    assert "感谢关注" in sender.opened(sender.post(sender.made(event="subscribe")))
    assert sender.post(sender.made(event="unsubscribe")).text == "success"


def test_wechat_is_told_that_we_are_there(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    query = urlsplit(sender.made("x").url).query
    assert app.test_client().get(f"/hooks/wechat?{query}&echostr=12345").text == "12345"
    assert app.test_client().get("/hooks/wechat?echostr=12345").status_code == 403


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_a_forged_push_is_refused_and_leaves_a_trace(house: Services, app: Flask, name: str) -> None:
    sender = Sender(app, house)
    assert sender.post(sender.made("报告"), **{name: "1"}).status_code == 403
    assert refusals(house) == ["signature"]


def test_with_another_token_or_key_nothing_is_believed(house: Services, app: Flask) -> None:
    assert Sender(app, house, token="guessed").post(Sender(app, house, token="guessed").made("报告")).status_code == 403
    other = Sender(app, house, aes_key="0" * 43)
    assert other.post(other.made("报告")).status_code == 403
    assert sorted(refusals(house)) == ["signature", "unreadable"]


@pytest.mark.parametrize("age_s", [601, -601])
def test_an_old_push_and_one_of_the_future_are_refused(house: Services, app: Flask, age_s: int) -> None:
    sender = Sender(app, house)
    assert sender.post(sender.made("报告", age_s=age_s)).status_code == 403
    assert refusals(house) == ["time"]


def test_a_replayed_push_is_refused(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    push = sender.made("报告")
    assert [sender.post(push).status_code for _ in range(3)] == [200, 403, 403]
    assert refusals(house) == ["replayed"] * 2


def test_in_safe_and_compat_mode_only_what_was_encrypted_is_read(tmp_path: Path) -> None:
    for mode in ("safe", "compat"):
        house = house_of(tmp_path / mode, mode)
        app = create_app(house.settings, house)
        plain = Sender(app, house, mode="plain")
        assert plain.post(plain.made("报告")).status_code == 403
        compat = Sender(app, house, mode="compat")
        push = compat.made("你好")
        forged = push.body.replace("你好".encode(), "报告".encode())
        assert forged != push.body
        assert compat.post(push, forged).text == "success"
        assert refusals(house) == ["plain"]


def test_in_plain_mode_a_signed_push_is_read(tmp_path: Path) -> None:
    house = house_of(tmp_path, "plain")
    sender = Sender(create_app(house.settings, house), house, mode="plain")
    answer = sender.post(sender.made("报告"))
    assert "/wx/enter?to=exams" in answer.text
    assert sender.post(sender.made("报告"), signature="0" * 40).status_code == 403


def test_behind_a_relay_its_signature_counts_in_plain_and_in_safe_mode(tmp_path: Path) -> None:
    house = house_of(tmp_path, "relay")
    app = create_app(house.settings, house)
    for mode in ("plain", "safe"):
        sender = Sender(app, house, mode=mode, relay_secret=RELAY)
        assert "/wx/enter?to=exams" in sender.post(sender.made("报告")).text
        stranger = Sender(app, house, mode=mode, relay_secret="another-secret-of-others")
        assert stranger.post(stranger.made("报告")).status_code == 403
        nobody = Sender(app, house, mode=mode)
        assert nobody.post(nobody.made("报告")).status_code == 403
        changed = sender.made("你好")
        assert sender.post(changed, changed.body + b" ").status_code == 403
    assert refusals(house) == ["signature"] * 6


@pytest.mark.parametrize(
    "body",
    [
        b"<Encrypt>" + b" " * 65_000,
        b"<Encrypt><![CDATA[" + b" A" * 32_000 + b"!</Encrypt>",
        b"<Encrypt>" * 7000,
        b"",
        b"no xml",
        b"<xml/>",
        b"<xml><Encrypt></Encrypt></xml>",
        b"<xml><Encrypt>AAAA</Encrypt></xml>",
        b"\xff" * 50,
    ],
)
def test_whatever_else_comes_is_refused_without_a_server_error(house: Services, app: Flask, body: bytes) -> None:
    sender = Sender(app, house)
    assert sender.post(sender.made("x"), body).status_code == 403


@pytest.mark.parametrize("inner", ["", "<xml/>", "<xml><MsgType>text</MsgType></xml>", "<a>", "<xml>" + "<b>" * 500])
def test_encrypted_nonsense_is_refused_without_a_server_error(house: Services, app: Flask, inner: str) -> None:
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    stamp = str(int(clock_of(house).now().timestamp()))
    body = crypto.encrypt_message(inner, "7", stamp)
    signature = body.partition("<MsgSignature><![CDATA[")[2].partition("]")[0]
    target = f"/hooks/wechat?timestamp={stamp}&nonce=7&msg_signature={signature}&encrypt_type=aes"
    assert app.test_client().post(target, data=body.encode()).status_code == 403
    assert refusals(house) == ["unreadable"]


def told(house: Services) -> tuple[Any, str]:
    """An exam whose notice WeChat accepted: its id, and WeChat's number of the notice."""
    exam = register(house)
    follow(house, exam, LI)
    mark_prepared(house)
    sweep(house)
    with house.db.read() as session:
        row = session.scalars(select(Notification).where(Notification.channel == "wechat")).one()
    assert row.state == "accepted"
    return exam, str(row.provider_serial).removeprefix("wechat:")


@pytest.mark.parametrize(("status", "state"), [("success", "delivered"), ("failed:user block", "failed")])
def test_what_became_of_a_notice_moves_its_state_once(house: Services, app: Flask, status: str, state: str) -> None:
    exam, number = told(house)
    sender = Sender(app, house)
    for said in (status, "success", "failed: system failed"):
        fields = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": int(number), "Status": said}
        push = pushing.signed(sender.world, pushing.message(sender.world, LI, fields), LI)
        assert sender.post(push).text == "success"
    assert {channel: found for _, channel, found in states(house, exam)}["wechat"] == state


def test_what_became_of_the_notice_of_another_openid_moves_nothing(house: Services, app: Flask) -> None:
    exam, number = told(house)
    sender = Sender(app, house)
    fields = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": int(number), "Status": "failed"}
    xml = pushing.message(sender.world, "oAnother", fields)
    assert sender.post(pushing.signed(sender.world, xml, "oAnother")).text == "success"
    assert {channel: found for _, channel, found in states(house, exam)}["wechat"] == "accepted"


def test_items_of_subscriptions_are_read_as_one_object_and_as_several(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    endpoint = house.wechat.callback.endpoint
    assert endpoint is not None
    for number in (1, 2, 3):
        items = [{"TemplateId": f"t{at}", "SubscribeStatusString": "accept"} for at in range(number)]
        push = sender.made(event="subscribe_msg_popup_event", items=items)
        query = dict(pair.partition("=")[::2] for pair in urlsplit(push.url).query.split("&"))
        read = endpoint.read(query, "", {}, push.body, clock_of(house).now())
        assert [item["TemplateId"] for item in read.items] == [f"t{at}" for at in range(number)]
        assert sender.post(push).text == "success"


def test_a_thousand_forged_pushes_write_few_rows_and_no_true_push_is_lost(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    for number in range(1000):
        forged = sender.made("报告")
        assert sender.post(forged, nonce=str(number)).status_code == 403
        if number % 100 == 0:
            assert "/wx/enter?to=exams" in sender.opened(sender.post(sender.made("报告")))
    with house.db.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "wechat.callback_refused")).all()
        pushes = session.scalars(select(WechatPush)).all()
    assert [event.detail["times"] for event in events] == [*range(1, 11), 20, 40, 80, 160, 320, 640]
    assert len({event.detail["address_mark"] for event in events}) == 1
    assert len(pushes) == 20  # ten true ones, with two marks each
    clock_of(house).advance(3601)
    assert sender.post(sender.made("报告"), nonce="1").status_code == 403
    assert refusals(house) == ["signature"] * 17


def test_forged_pushes_of_many_addresses_write_few_rows_too(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    push = sender.made("报告")
    for number in range(700):
        address = f"198.18.{number // 250}.{number % 250}"
        answer = sender.client.post(
            push.url.replace("nonce=", "nonce=0"), data=push.body, environ_base={"REMOTE_ADDR": address}
        )
        assert answer.status_code == 403
    assert len(refusals(house)) == 162  # each of 160, then the 320th and the 640th
    assert sender.post(push).status_code == 200


def test_marks_are_removed_when_nobody_can_replay_any_more(house: Services, app: Flask) -> None:
    sender = Sender(app, house)
    sender.post(sender.made("报告"))
    clock_of(house).advance(40 * 86400)
    house.operations.spent_rows.remove_due()
    with house.db.read() as session:
        assert session.scalars(select(WechatPush)).all() == []


def test_without_pushes_there_is_no_address_and_everything_else_works(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    app = create_app(house.settings, house)
    assert app.test_client().post("/hooks/wechat", data=b"<xml/>").status_code == 404
    exam, _ = told(house)
    assert {channel: found for _, channel, found in states(house, exam)}["wechat"] == "accepted"


def test_the_proof_of_our_domain_is_served_and_no_other(house: Services, app: Flask) -> None:
    client = app.test_client()
    assert client.get("/MP_verify_abc123.txt").text == "abc123"
    assert client.get("/MP_verify_other.txt").status_code == 404
