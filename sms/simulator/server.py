"""The simulated carrier as an HTTP server. It verifies TC3-HMAC-SHA256 and then applies `rules`.

Contract tests run the real adapter against it over loopback. Source: cloud.tencent.com/document/api/382/52072
(signature v3).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from sms.simulator import control, receipts, registry, rules
from sms.simulator.faults import NotAnAnswer, answered
from sms.simulator.rules import ApiError, CarrierAccount, ConnectionDropped

SERVICE, VERSION = "sms", "2021-01-11"
SKEW_S = 300
LARGEST_BODY = 10 * 1024 * 1024
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<date>[\d-]+)/(?P<service>\w+)/tc3_request, "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class StrictCarrier:
    """The server's account, secrets and clock. `now` is the carrier's own clock."""

    path: Path
    account: CarrierAccount
    secrets: Mapping[str, str] = field(repr=False)
    """secret id -> secret key"""
    now: Callable[[], datetime]

    def answer(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The `Response` object of one POST. Raises ApiError, ConnectionDropped, NotAnAnswer."""
        self._authenticate(headers, body)
        if headers.get("x-tc-version") != VERSION:
            raise ApiError("NoSuchVersion")
        if not headers.get("x-tc-region"):
            raise ApiError("MissingParameter")
        try:
            request = json.loads(body)
        except ValueError:
            raise ApiError("InvalidParameter") from None
        action = headers.get("x-tc-action")
        if action == "SendSms":
            return answered(self.path, action, lambda: rules.send_sms(self.path, self.account, request, self.now()))
        if action == "PullSmsSendStatusByPhoneNumber":
            return answered(self.path, action, lambda: receipts.pull(self.path, request))
        if action == "DescribeSmsTemplateList":
            return answered(self.path, action, lambda: registry.describe(self.account, request))
        raise ApiError("InvalidAction")

    def _authenticate(self, headers: Mapping[str, str], body: bytes) -> None:
        given = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        timestamp = headers.get("x-tc-timestamp", "")
        if given is None or not timestamp.isdigit() or not {"content-type", "host"} <= set(given["signed"].split(";")):
            raise ApiError("AuthFailure.InvalidAuthorization")
        if given["id"] not in self.secrets:
            raise ApiError("AuthFailure.SecretIdNotFound")
        at = datetime.fromtimestamp(int(timestamp), UTC)
        if abs((self.now() - at).total_seconds()) > SKEW_S:
            raise ApiError("AuthFailure.SignatureExpire")
        scope = f"{at:%Y-%m-%d}/{SERVICE}/tc3_request"
        if (given["date"], given["service"]) != (f"{at:%Y-%m-%d}", SERVICE):
            raise ApiError("AuthFailure.SignatureFailure")
        signature = _signature(self.secrets[given["id"]], scope, timestamp, given["signed"], headers, body)
        if not hmac.compare_digest(signature, given["signature"]):
            raise ApiError("AuthFailure.SignatureFailure")


def _signature(secret: str, scope: str, timestamp: str, signed: str, headers: Mapping[str, str], body: bytes) -> str:
    canonical_headers = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed.split(";"))
    canonical = "\n".join(("POST", "/", "", canonical_headers, signed, hashlib.sha256(body).hexdigest()))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@contextmanager
def serving(carrier: StrictCarrier, port: int = 0) -> Iterator[str]:
    """Serve on a loopback port (0: any) while the block runs; yields `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._control(b"")

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
            body = self.rfile.read(length)
            if self.path.startswith("/control/"):
                self._control(body)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                response = carrier.answer(headers, body)
            except ApiError as error:
                response = {"Error": {"Code": error.code, "Message": f"refused: {error.code}"}}
            except ConnectionDropped:
                self.close_connection = True
                return
            except NotAnAnswer:
                self._answer(502, b"<html>Bad Gateway</html>", "text/html")
                return
            self._answer(200, json.dumps({"Response": {**response, "RequestId": str(uuid4())}}).encode())

        def _control(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            status, told = control.answer(carrier.path, self.command, parts.path, dict(parse_qsl(parts.query)), body)
            self._answer(status, json.dumps(told, ensure_ascii=False).encode())

        def _answer(self, status: int, answer: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Log nothing, because requests hold phone numbers."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
