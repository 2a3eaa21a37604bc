"""How long a thread waits for the bytes of a client: a silent client holds a thread for a bounded time only.

Why gunicorn alone is not enough:
- its threads wait for a body without a limit, so a few silent clients would stop everybody;
- a body that nobody read (of a refused upload) must not be waited for: the answer goes out and the connection closes;
- but a close at once resets the connection, and the sender never sees the answer. So what still arrives is thrown away
  for a moment, in a few threads at most.

The head of a request is not our concern: gunicorn reads it before we are asked, and the proxy in front limits it.
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
"""How long a single receive waits."""
SEND_S = 120
"""How long the client may take for a piece of the answer."""
LINGER_S, SILENCE_S, LINGER_BYTES = 5.0, 1.0, 64 << 20
"""Limits for throwing away an unread body: in all, for one silence, in bytes."""
_RECEIVED_BYTES = 256 * 1024
SOCKET = "gunicorn.socket"
"""In the environment: the connection."""


def install(app: Flask) -> None:
    lingering = of_threads(app.extensions["cloudfilm"].settings.web_threads, 4)
    app.wsgi_app = Arrival(app.wsgi_app, lingering)  # type: ignore[method-assign]


class Arrival:
    """The outermost layer of the application. A server that hands out no socket (only gunicorn does) gets no limits."""

    def __init__(self, wrapped: WSGIApplication, lingering: Share) -> None:
        self._wrapped = wrapped
        self._lingering = lingering

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        connection = environ.get(SOCKET)
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
        """End our side first, so that the sender sees the answer; then throw its rest away and close.

        Without a place in `_lingering` the connection is closed at once: the answer may be lost, the thread is not.
        """
        give_back = self._lingering.taken()
        try:
            with suppress(OSError):  # the client is gone
                connection.shutdown(socket.SHUT_WR)
                if give_back:
                    _throw_away(connection)
                connection.shutdown(socket.SHUT_RDWR)  # the server finds it closed and waits for nothing
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
        # A body without a stated length has ended when less comes than was asked for.
        is_short = size is not None and (size < 0 or len(data) < size)
        self.ended = self.ended or self._left == 0 or (not data and size != 0) or (self._left is None and is_short)
        return data


class _Answer:
    """The answer's chunks; calls `sent` when the server has sent all of them, or gave up."""

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
    """Read and forget, until the sender ends, is silent for SILENCE_S, or one of the two limits is reached."""
    until, left, room = time.monotonic() + LINGER_S, LINGER_BYTES, bytearray(_RECEIVED_BYTES)
    while left > 0 and (wait := until - time.monotonic()) > 0:
        connection.settimeout(min(wait, SILENCE_S))
        received = connection.recv_into(room)
        if not received:
            return
        left -= received
