"""What the simulated WeChat pushes, as an independent library reads it; its patience; the faults that are ordered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from tests.factories.wechat import AES_KEY, APPID, LI, TOKEN, wechat
from wechat.simulator import ciphers


@dataclass
class Hook:
    """A product's callback that answers as it is told."""

    url: str = ""
    status: int = 200
    reply: str = "success"
    delay_s: float = 0.0
    came: list[tuple[dict[str, str], str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[Hook]:
    told = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.came.append((query, body, {name.lower(): text for name, text in self.headers.items()}))
            time.sleep(told.delay_s)
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.reply.encode())))
            self.end_headers()
            self.wfile.write(told.reply.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/hooks/wechat"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ours() -> Iterator[Hook]:
    with hook() as one:
        yield one


def read(query: dict[str, str], body: str) -> str:
    check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    return str(crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"]))


def waiting(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("never came")


def test_what_a_user_says_comes_signed_and_encrypted_and_the_reply_is_shown_decrypted(ours: Hook) -> None:
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    ours.reply = crypto.encrypt_message("<xml><Content>您好</Content></xml>", "7")
    with wechat(url=ours.url) as real:
        told = real.ask("/control/say", {"openid": LI, "text": "报告 ]]> <b>"})
    ((query, body, _),) = ours.came
    assert "报告" not in body
    assert "<Content><![CDATA[报告 ]]]]><![CDATA[> <b>]]></Content>" in read(query, body)
    assert (told["status"], told["reply"]) == (200, "<xml><Content>您好</Content></xml>")


def test_in_compat_mode_both_forms_come_and_in_plain_mode_only_the_plain_one(ours: Hook) -> None:
    with wechat(url=ours.url) as real:
        for mode in ("compat", "plain"):
            real.ask("/control/say", {"openid": LI, "text": "报告", "mode": mode})
    (compat, plain) = ours.came
    assert "报告" in compat[1]
    assert "报告" in read(compat[0], compat[1])
    assert "报告" in plain[1]
    assert "Encrypt" not in plain[1]
    assert set(plain[0]) == {"signature", "timestamp", "nonce", "openid"}


def test_a_push_that_is_not_answered_well_comes_three_times_with_one_message_number(ours: Hook) -> None:
    ours.status = 500
    with wechat(url=ours.url) as real:
        assert real.ask("/control/say", {"openid": LI, "text": "x"})["status"] == 500
    numbers = {read(query, body).partition("<MsgId>")[2].partition("<")[0] for query, body, _ in ours.came}
    assert (len(ours.came), len(numbers)) == (3, 1)
    assert len({query["nonce"] for query, _, _ in ours.came}) == 3


def test_an_answer_after_five_seconds_is_none(ours: Hook) -> None:
    ours.delay_s = 0.3
    with wechat(url=ours.url, timeout_s=0.05) as real:
        assert real.ask("/control/say", {"openid": LI, "text": "x"})["status"] == 0


def test_a_message_can_be_old_or_only_shown(ours: Hook) -> None:
    with wechat(url=ours.url) as real:
        shown = real.ask("/control/say", {"openid": LI, "text": "x", "age_s": 700, "deliver": False})
        query = parse_qs(urlsplit(shown["url"]).query)
        assert int(query["timestamp"][0]) == int(real.clock.at) - 700
    assert ours.came == []


def test_a_relay_signs_what_it_forwards(ours: Hook) -> None:
    with wechat(url=ours.url, relay_secret="between-us") as real:
        real.ask("/control/say", {"openid": LI, "text": "x"})
    ((_, body, headers),) = ours.came
    stamp = headers["x-relay-timestamp"]
    made = ciphers.relay_signature("between-us", stamp, _query_of(ours), body.encode())
    assert headers["x-relay-signature"] == made


def _query_of(ours: Hook) -> str:
    ((query, _, _),) = ours.came
    return urlencode(query)


def test_an_event_says_what_became_of_a_notice(ours: Hook) -> None:
    with wechat(url=ours.url) as real:
        first = real.send()["msgid"]
        real.ask("/control/faults", {"path": "/cgi-bin/message/template/send", "kind": "undelivered", "times": 1})
        second = real.send()["msgid"]
        waiting(lambda: len(ours.came) == 2)
        waiting(lambda: [each["state"] for each in real.ask("/control/notices")] == ["delivered", "failed"])
    events = [read(query, body) for query, body, _ in ours.came]
    assert "<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>" in events[0]
    assert [f"<MsgID>{number}</MsgID>" in event for number, event in zip((first, second), events, strict=True)] == [
        True,
        True,
    ]
    assert "failed:user block" in events[1]


def test_several_items_of_one_event_come_as_one_event_with_several_lists(ours: Hook) -> None:
    items = [{"TemplateId": f"t{number}", "SubscribeStatusString": "accept"} for number in (1, 2)]
    with wechat(url=ours.url) as real:
        real.ask("/control/say", {"openid": LI, "event": "subscribe_msg_popup_event", "list": items})
    event = read(ours.came[0][0], ours.came[0][1])
    assert event.count("<List>") == 2
    assert "<SubscribeMsgPopupEvent><List><TemplateId>t1</TemplateId>" in event


def test_faults_come_as_often_as_they_were_ordered_and_can_be_mended() -> None:
    with wechat() as real:
        token = real.stable_token()["access_token"]
        order = {"path": "/cgi-bin/message/template/send", "kind": "45009", "times": 1}
        real.ask("/control/faults", order)
        assert [real.send(token=token)["errcode"] for _ in range(2)] == [45009, 0]
        real.ask("/control/faults", {"path": "/", "kind": "html", "times": 9})
        assert real.fetch("/cgi-bin/menu/get")[0] == 502
        real.ask("/control/faults", {"path": "/", "kind": "html", "times": 0})
        assert real.send(token=token)["errcode"] == 0
        assert real.ask("/control/counts")["/cgi-bin/message/template/send"] == 3


def test_a_call_that_is_cut_was_taken() -> None:
    with wechat() as real:
        token = real.stable_token()["access_token"]
        real.ask("/control/faults", {"path": "/cgi-bin/message/template/send", "kind": "cut", "times": 1})
        with pytest.raises(RemoteDisconnected):
            real.send(token=token)
        assert len(real.ask("/control/notices", openid=LI)) == 1


def test_the_clock_goes_on_and_never_back(tmp_path: Any) -> None:
    with wechat() as real:
        real.world.clock_file = tmp_path / "clock"
        real.ask("/control/clock", {"advance_s": 90.5})
        assert (tmp_path / "clock").read_text() == "90.5"
        assert real.fetch("/control/clock", {"advance_s": -1})[0] == 400
        assert real.world.now() == real.clock.at + 90.5


def test_a_wrong_order_is_named() -> None:
    with wechat() as real:
        for path, body in (("/control/say", {"text": "x"}), ("/control/faults", {"path": "/", "kind": "odd"})):
            status, text, _ = real.fetch(path, body)
            assert status == 400
            assert "Error" in text
        assert real.fetch("/control/nothing")[0] == 404
