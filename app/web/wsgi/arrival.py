"""How long a thread waits for a client's bytes: silent ones hold it for a bounded time, and never all threads.

A body that nobody read, of a refused upload say, is not waited for: the answer goes out at once and the connection is
closed. Senders look at the answer when their body is out, and closing resets what still arrives, so for a moment it is
thrown away; by few threads at once. The proxy in front has limits of its own; only for a request's head, which the
server reads before we are asked, it is relied on.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask

from app.web.wsgi.thread_places import Share, of_threads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE_S = 20
"""For what a single receive waits."""
SEND_S = 120
"""In which a piece of an answer must be taken."""
LINGER_S, SILENCE_S, LINGER_BYTES = 5.0, 1.0, 64 << 20
_RECEIVED_BYTES = 256 * 1024
_SOCKET = "gunicorn.socket"


def install(app: Flask) -> None:
    lingering = of_threads(app.extensions["cloudfilm"].settings.web_threads, 4)
    app.wsgi_app = Arrival(app.wsgi_app, lingering)  # type: ignore[method-assign]


class Arrival:
    """Outside of all else, for requests of every kind. Servers other than gunicorn hand out no socket: nothing then."""

    def __init__(self, wrapped: WSGIApplication, lingering: Share) -> None:
        self._wrapped = wrapped
        self._lingering = lingering

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        connection = environ.get(_SOCKET)
        if connection is None:
            return self._wrapped(environ, start_response)
        if not environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH", "0") in ("", "0"):
            connection.settimeout(SEND_S)
            return self._wrapped(environ, start_response)
        connection.settimeout(PIECE_S)
        body = environ["wsgi.input"] = _Body(environ["wsgi.input"], environ.get("CONTENT_LENGTH"))

        def start(*head: Any) -> Any:
            connection.settimeout(SEND_S)
            return start_response(*head)

        def sent() -> None:
            if not body.ended:
                self._close(connection)

        return _Answer(self._wrapped(environ, start), sent)

    def _close(self, connection: socket.socket) -> None:
        give_back = self._lingering.taken()
        try:
            with suppress(OSError):  # the client is gone
                connection.shutdown(socket.SHUT_WR)
                if give_back:
                    _throw_away(connection)
                connection.shutdown(socket.SHUT_RDWR)  # the server finds it ended, and waits for nothing
        finally:
            if give_back:
                give_back()


class _Body:
    """A request's body that knows whether all of it was read."""

    def __init__(self, stream: Any, length: str | None) -> None:
        self._stream = stream
        self._left = int(length) if length else None
        self.ended = False

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(self._stream.read(-1 if size is None else size), size)

    def readline(self, size: int | None = -1) -> bytes:
        return self._counted(self._stream.readline(-1 if size is None else size), None)

    def readlines(self, hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _counted(self, data: bytes, size: int | None) -> bytes:
        if self._left is not None:
            self._left -= len(data)
        # One that says no length ends where less comes than was asked for.
        is_short = size is not None and (size < 0 or len(data) < size)
        self.ended = self.ended or self._left == 0 or (not data and size != 0) or (self._left is None and is_short)
        return data


class _Answer:
    def __init__(self, chunks: Iterable[bytes], sent: Callable[[], None]) -> None:
        self._chunks = chunks
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        try:
            if close := getattr(self._chunks, "close", None):
                close()
        finally:
            self._sent()


def _throw_away(connection: socket.socket) -> None:
    until, left, room = time.monotonic() + LINGER_S, LINGER_BYTES, bytearray(_RECEIVED_BYTES)
    while left > 0 and (wait := until - time.monotonic()) > 0:
        connection.settimeout(min(wait, SILENCE_S))
        received = connection.recv_into(room)
        if not received:
            return
        left -= received
