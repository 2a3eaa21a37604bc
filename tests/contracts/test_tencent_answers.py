"""Answers that are late, lost or strange: unknown, and without a phone or a secret in the fault."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sms.errors import SmsRetryLater, SmsUnknown
from sms.simulator.inbox import PhoneInbox
from sms.tencent import sender as tencent
from sms.tencent.sender import TencentSender
from tests.factories.carriers import PHONE, ready, verification
from tests.factories.tencent import ACCOUNT, IDS, KEY, sender, strict


def test_an_upstream_time_out_is_unknown_and_its_receipt_is_pulled_later(tmp_path: Path) -> None:
    now, phone = datetime.now(UTC), "+8617000000004"
    with sender(strict(tmp_path)) as tencent_sms:
        with pytest.raises(SmsUnknown, match="1008"):
            tencent_sms.send(phone, verification(), "n4")
        (receipt,) = tencent_sms.receipts(phone, now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert (receipt.session_context, receipt.delivered) == ("n4", True)


def test_an_answer_that_gets_lost_is_unknown(tmp_path: Path) -> None:
    with sender(strict(tmp_path)) as tencent_sms, pytest.raises(SmsUnknown):
        tencent_sms.send("+8617000000007", ready(), "n")
    assert len(PhoneInbox(tmp_path / "carrier.db").messages("+8617000000007")) == 1


def test_no_connection_at_all_means_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound, not listening: connecting is refused
        unreachable = TencentSender(ACCOUNT, IDS, endpoint=f"127.0.0.1:{port}", scheme="http")
        with pytest.raises(SmsRetryLater, match="cannot be reached"):
            unreachable.send(PHONE, ready(), "n")


def test_a_proxy_that_cannot_be_reached_means_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{taken.getsockname()[1]}")
        behind = TencentSender(ACCOUNT, IDS, endpoint="sms.invalid", scheme="http")
        with pytest.raises(SmsRetryLater, match="cannot be reached"):
            behind.send(PHONE, ready(), "n")


def test_a_request_whose_answer_is_lost_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def cut() -> None:
        asked.append(1)
        raise ConnectionResetError

    with answering(200, b"{}", before=cut) as endpoint, pytest.raises(SmsUnknown):
        TencentSender(ACCOUNT, IDS, endpoint=endpoint, scheme="http").send(PHONE, ready(), "n")
    assert len(asked) == 1


def test_at_debug_level_the_sdk_writes_no_request(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    with sender(strict(tmp_path)) as tencent_sms:
        tencent_sms.send(PHONE, verification("482913"), "n")
    assert "482913" not in caplog.text
    assert PHONE not in caplog.text


@contextmanager
def answering(status: int, body: bytes, before: Callable[[], None] = lambda: None) -> Iterator[str]:
    """A server that answers everything alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            before()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


PICKUP = "K7M2QX"
ECHO = json.dumps({"Response": {"Error": {"Code": "InternalError.X", "Message": f"{PHONE} {KEY}"}, "RequestId": "r"}})


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"oops"), (502, f"{PHONE} {KEY}".encode()), (200, b"not json"), (200, b"{}"), (200, ECHO.encode())],
)
def test_a_strange_answer_is_unknown_and_tells_no_phone_and_no_secret(
    status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(status, body) as endpoint:
        strange = TencentSender(ACCOUNT, IDS, endpoint=endpoint, scheme="http")
        with pytest.raises(SmsUnknown) as caught:
            strange.send(PHONE, ready(PICKUP), "n")
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value) + caplog.text
    for secret in (PHONE, PHONE[3:], KEY, PICKUP):
        assert secret not in shown


def test_a_carrier_that_does_not_answer_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tencent, "TIMEOUTS_S", (3.0, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = TencentSender(ACCOUNT, IDS, endpoint=f"127.0.0.1:{port}", scheme="http")
        with pytest.raises(SmsUnknown):
            slow.send(PHONE, ready(), "n")
