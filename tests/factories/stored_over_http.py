"""Objects that a running server is given over STOW-RS."""

from __future__ import annotations

import http.client

from deploy.testbed.multipart import STOW_TYPE, body


def stored(port: int, token: dict[str, str], *files: bytes) -> None:
    """`token`: the Authorization header of a machine that may upload. Raises AssertionError when one is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/dicomweb/studies", body(list(files)), token | {"Content-Type": STOW_TYPE})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
    finally:
        connection.close()
