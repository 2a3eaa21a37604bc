"""The simulated Aliyun as an HTTP server: it checks the signature of a request (RPC style, 1.0), then applies the
rules of `aliyun`.

Source: help.aliyun.com/document_detail/315526.html (signature), 25492.html (common parameters and codes).
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from sms.simulator.aliyun import Aliyun
from sms.simulator.rules import ApiError, ConnectionDropped

VERSION = "2017-05-25"
SKEW_S = 900
LARGEST_BODY = 64 * 1024
_COMMON = ("AccessKeyId", "Signature", "SignatureNonce", "SignatureMethod", "SignatureVersion", "Timestamp", "Version")


@dataclass
class StrictAliyun:
    """`secrets`: key id -> secret. `seen`: the nonces of requests that were let in."""

    carrier: Aliyun
    secrets: Mapping[str, str] = field(repr=False)
    seen: set[str] = field(default_factory=set)

    def answer(self, query: Mapping[str, str], body: Mapping[str, str]) -> dict[str, Any]:
        """The answer to one POST, with `Code`. Raises ApiError, ConnectionDropped."""
        asked = {**query, **body}
        self._authenticate(asked)
        if any(name in query for name in ("PhoneNumbers", "PhoneNumber", "TemplateParam")):
            raise ApiError("InvalidParameter")  # ours alone: numbers and codes stand in no address
        actions = {
            "SendSms": self.carrier.send,
            "QuerySendDetails": self.carrier.details,
            "QuerySmsTemplateList": self.carrier.templates,
        }
        action = actions.get(asked.get("Action", ""))
        if action is None:
            raise ApiError("InvalidAction.NotFound")
        answer = action(asked)
        return answer if "odd" in answer else {"Code": "OK", "Message": "OK", **answer}

    def _authenticate(self, asked: Mapping[str, str]) -> None:
        if any(not asked.get(name) for name in _COMMON):
            raise ApiError("MissingParameter")
        if asked["Version"] != VERSION:
            raise ApiError("InvalidVersion")
        if (asked["SignatureMethod"], asked["SignatureVersion"]) != ("HMAC-SHA1", "1.0"):
            raise ApiError("IncompleteSignature")
        secret = self.secrets.get(asked["AccessKeyId"])
        if secret is None:
            raise ApiError("InvalidAccessKeyId.NotFound")
        try:
            at = datetime.strptime(asked["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise ApiError("InvalidTimeStamp.Format") from None
        if abs((self.carrier.now() - at).total_seconds()) > SKEW_S:
            raise ApiError("InvalidTimeStamp.Expired")
        if not hmac.compare_digest(signature_of(asked, secret), asked["Signature"]):
            raise ApiError("SignatureDoesNotMatch")
        if asked["SignatureNonce"] in self.seen:
            raise ApiError("SignatureNonceUsed")
        self.seen.add(asked["SignatureNonce"])


def signature_of(asked: Mapping[str, str], secret: str) -> str:
    """Of a POST with these parameters, as the vendor describes it."""
    pairs = sorted((name, value) for name, value in asked.items() if name != "Signature")
    canonical = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    text = f"POST&{quote('/', safe='')}&{quote(canonical, safe='~')}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


# The vendor answers these with HTTP 400 or 403, all others with 200 and a code.
_AT_THE_GATE = ("Invalid", "Missing", "Signature", "Incomplete", "Throttling", "Forbidden", "NoPermission")


def _status(code: str) -> int:
    if code in ("InternalError", "ServiceUnavailable"):
        return 500 if code == "InternalError" else 503
    return 400 if code.startswith(_AT_THE_GATE) else 200


@contextmanager
def serving(strict: StrictAliyun) -> Iterator[str]:
    """Serve on an ephemeral loopback port while the block runs; yields `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)).decode()
            query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            try:
                answer, status = strict.answer(query, dict(parse_qsl(body, keep_blank_values=True))), 200
            except ApiError as error:
                answer = {"Code": error.code, "Message": f"refused: {error.code} of {query.get('AccessKeyId')}"}
                status = _status(error.code)
            except ConnectionDropped:
                self.close_connection = True
                return
            told = b"<html>" if "odd" in answer else json.dumps({**answer, "RequestId": str(uuid4())}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Log nothing, because requests hold phone numbers."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
