"""The access token from a central service of the hospital, which answers a GET as WeChat does and asks for a secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from wechat.account import fetch_from_centre
from wechat.door import Door
from wechat.errors import CallError

SECRET = "a secret of the centre"
GOOD = {"access_token": "token-1", "expires_in": 7000}


class Centre(HTTPServer):
    """`answer`: what it says to who knows the secret."""

    answer: Any = GOOD

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/wechat/token"


class Answering(BaseHTTPRequestHandler):
    server: Centre

    def do_GET(self) -> None:
        knows_us = self.headers["Authorization"] == f"Bearer {SECRET}" and self.path == "/wechat/token"
        body = json.dumps(self.server.answer if knows_us else {"errcode": 401}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def centre() -> Iterator[Centre]:
    with Centre(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_centre_gives_its_token_to_who_knows_the_secret(centre: Centre) -> None:
    assert fetch_from_centre(Door(centre.address), SECRET) == ("token-1", 7000)
    with pytest.raises(CallError):
        fetch_from_centre(Door(centre.address), "another secret")


@pytest.mark.parametrize("answer", [{}, [], GOOD | {"expires_in": 0}, GOOD | {"access_token": ""}, {"errcode": -1}])
def test_what_is_no_token_is_a_fault_of_the_call_that_names_no_secret(centre: Centre, answer: Any) -> None:
    centre.answer = answer
    with pytest.raises(CallError) as fault:
        fetch_from_centre(Door(centre.address), SECRET)
    assert SECRET not in str(fault.value)
