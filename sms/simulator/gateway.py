"""A strict gateway as an HTTP server: takes what docs/operating.md says and nothing else. For tests over loopback.

It behaves on command: `answers` holds what the next requests get in place of an acceptance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from sms.errors import InvalidPhone
from sms.phone import normalise
from sms.templates import segments

FIELDS = {"id", "phone", "text", "kind"}
KINDS = ("notice", "code")
LARGEST_BODY = 64 * 1024


@dataclass
class StrictGateway:
    """`token`: the one it lets in. `taken`: what it took, by serial, with the receipts it tells."""

    token: str = field(repr=False)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[int | str] = field(default_factory=list)
    """Of coming requests: a status, `cut` (taken, but no answer) or `odd` (taken, an answer that is none)."""

    def post(self, path: str, authorization: str, body: Any) -> tuple[int, Any]:
        if authorization != f"Bearer {self.token}":
            return 401, {}
        if path == "/receipts":
            return 200, self._receipts(body)
        if path != "/":
            return 404, {}
        command = self.answers.pop(0) if self.answers else 200
        if isinstance(command, int) and command != 200:
            return command, {}
        if not _is_message(body):
            return 422, {}
        serial = f"g{len(self.taken) + 1}"
        self.taken[serial] = body
        if command == "cut":
            return 0, {}
        return 200, "odd" if command == "odd" else {"serial": serial, "segments": segments(body["text"])}

    def _receipts(self, asked: Any) -> list[dict[str, Any]]:
        return [
            {"serial": serial, "id": body["id"], "phone": body["phone"], "delivered": True, "code": "DELIVRD"}
            for serial, body in self.taken.items()
            if body["phone"] == asked.get("phone")
        ]


def _is_message(body: Any) -> bool:
    if not isinstance(body, dict) or set(body) != FIELDS or body["kind"] not in KINDS:
        return False
    if not all(isinstance(text, str) and text for text in body.values()) or not body["text"].startswith("【"):
        return False
    try:
        return normalise(str(body["phone"])) == str(body["phone"])
    except InvalidPhone:
        return False


@contextmanager
def serving(gateway: StrictGateway, before: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Serve on an ephemeral loopback port while the block runs; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            before()
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
            try:
                body = json.loads(self.rfile.read(length))
            except ValueError:
                body = None
            status, told = gateway.post(self.path or "/", self.headers.get("Authorization", ""), body)
            if not status:
                self.close_connection = True
                return
            answer = told.encode() if isinstance(told, str) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Silent: requests hold phone numbers, which no log may hold."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
