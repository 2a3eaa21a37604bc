"""The simulated WeChat as an HTTP server: which path is which call, faults that were ordered, and threads.

Real addresses are of three hosts; here all paths are on one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wechat.simulator import checks, control, menus, notices, oauth, pushing, tokens
from wechat.simulator.faults import ApiFault, refusal
from wechat.simulator.world import Call, World

LARGEST_BODY = 1024 * 1024
HELD_S = 60.0
"""So long a call with the fault `timeout` stays without an answer."""
PUSH_PAUSE_S = 0.2
AUTHORIZE = "/connect/oauth2/authorize"
API: Mapping[str, Callable[[World, Call], dict[str, Any]]] = {
    "/cgi-bin/stable_token": tokens.stable_token,
    "/cgi-bin/token": tokens.token,
    "/cgi-bin/ticket/getticket": tokens.ticket,
    "/sns/oauth2/access_token": oauth.access_token,
    "/cgi-bin/message/template/send": notices.send_template,
    "/cgi-bin/message/subscribe/bizsend": notices.send_subscription,
    "/cgi-bin/template/get_all_private_template": notices.private_templates,
    "/cgi-bin/menu/create": menus.create,
    "/cgi-bin/menu/get": menus.get,
    "/cgi-bin/menu/delete": menus.delete,
    "/cgi-bin/get_current_selfmenu_info": menus.current,
    "/cgi-bin/callback/check": checks.callback_check,
    "/cgi-bin/openapi/quota/get": checks.quota,
    "/cgi-bin/openapi/rid/get": checks.rid,
    "/cgi-bin/clear_quota": checks.clear_quota,
    "/cgi-bin/clear_quota/v2": checks.clear_quota,
    "/cgi-bin/get_api_domain_ip": checks.addresses,
    "/cgi-bin/getcallbackip": checks.addresses,
    "/cgi-bin/user/info": checks.user,
}


SCRIPT = "/open/js/jweixin-1.6.0.js"
_SCRIPT_FILE = Path(__file__).with_name("jweixin.js")


@dataclass(frozen=True)
class Answer:
    """`is_lost`: the call was taken, and the caller hears nothing; `held_s`: for so long."""

    status: int
    body: bytes = field(repr=False)
    kind: str = "application/json; charset=utf-8"
    location: str = ""
    is_lost: bool = False
    held_s: float = 0.0


def answer(world: World, call: Call) -> Answer:
    """What one request is answered with."""
    if call.path == SCRIPT:
        return Answer(200, _SCRIPT_FILE.read_bytes(), "text/javascript; charset=utf-8")
    if call.path.startswith("/control/"):
        status, told = control.answer(world, call)
        return Answer(status, json.dumps(told, ensure_ascii=False).encode())
    with world.changing() as state:
        state.counts[call.path] = state.counts.get(call.path, 0) + 1
    fault = world.take_fault(call.path)
    if fault == "html":
        return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")
    call = replace(call, fault=fault)
    if call.path == AUTHORIZE:
        return _authorize(world, call)
    told = _api(world, call)
    body = json.dumps(told, ensure_ascii=False).encode()
    if fault in ("timeout", "cut"):
        return Answer(200, body, is_lost=True, held_s=HELD_S if fault == "timeout" else 0.0)
    return Answer(200, body)


def _api(world: World, call: Call) -> dict[str, Any]:
    handler = API.get(call.path)
    try:
        if call.fault.lstrip("-").isdigit():
            raise ApiFault(int(call.fault))
        if handler is None:
            raise ApiFault(40066)
        return handler(world, call)
    except ApiFault as fault:
        return refusal(fault)


def _authorize(world: World, call: Call) -> Answer:
    try:
        location, page = oauth.authorize(world, call)
    except oauth.Refused as refused:
        page, location = oauth.refused_page(refused), ""
    return Answer(302 if location else 200, page.encode(), "text/html; charset=utf-8", location)


def call_of(method: str, target: str, body: bytes, address: str) -> Call:
    """A request line and a body as a call. A query names each parameter once; of several the last counts."""
    parts = urlsplit(target)
    try:
        document = json.loads(body) if body else None
    except ValueError:
        document = None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Call(method, parts.path, query, document if isinstance(document, dict) else None, address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
        self._answer(self.rfile.read(length))

    def _answer(self, body: bytes) -> None:
        made = answer(self.server.world, call_of(self.command, self.path, body, self.client_address[0]))
        if made.is_lost:
            self.server.stopped.wait(made.held_s)
            self.close_connection = True
            return
        self.send_response(made.status)
        self.send_header("Content-Type", made.kind)
        if made.location:
            self.send_header("Location", made.location)
        self.send_header("Content-Length", str(len(made.body)))
        self.end_headers()
        self.wfile.write(made.body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests hold secrets and openids."""


class Server(ThreadingHTTPServer):
    """Serves one world, and pushes what became of its notices."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, world: World, port: int = 0, host: str = "127.0.0.1") -> None:
        self.world, self.stopped = world, threading.Event()
        super().__init__((host, port), _Handler)

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no fault of ours."""

    def push_on(self) -> None:
        while not self.stopped.is_set():
            if not pushing.push_due(self.world):
                time.sleep(PUSH_PAUSE_S)


@contextmanager
def serving(world: World, port: int = 0) -> Iterator[str]:
    """Serve on loopback while the block runs; yields the base address."""
    server = Server(world, port)
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True),
        threading.Thread(target=server.push_on, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()
