"""How long a thread waits for the bytes of a client: a silent or slow client holds a thread for a bounded time only.

Why gunicorn alone is not enough:
- Its threads wait for a body without a limit, so a few silent clients would stop the service. A client that sends a
  byte now and then is never silent, so a least speed is needed (`security.least_speed`), for the body and for the
  reader of the answer.
- An unread body (of a refused upload) must not hold the thread: the answer is sent and the connection closes.
- But closing at once resets the connection, and the sender never sees the answer. So bytes that still arrive at full
  speed are thrown away for a moment, in a few threads at most; after a short body the connection goes on.

The head of a request is not handled here: gunicorn reads it before it calls us, and the proxy in front limits it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask

from app.security.least_speed import LeastSpeed
from app.web.wsgi.thread_places import Places, of_threads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SLOWEST, WINDOW_S = 32 * 1024, 20.0
"""The least speed of a body and of an answer's reader, in bytes a second, and by how many seconds it may fall behind.
At this speed (256 kbit/s) a study of 400 MB takes almost four hours."""
LINGER_S, SILENCE_S, LINGER_BYTES, LINGER_SPEED = 2.0, 0.25, 64 << 20, 4 << 20
"""Limits for throwing away an unread body: seconds in total, seconds of one silence, bytes, bytes a second."""
_RECEIVED_BYTES = 256 * 1024
_SHORT_REST_BYTES = 64 * 1024
SOCKET = "gunicorn.socket"
"""The name of the connection in the environment."""


def install(app: Flask) -> None:
    lingering = Places(of_threads(app.extensions["cloudfilm"].settings.web_threads, 4))
    app.wsgi_app = Arrival(app.wsgi_app, lingering)  # type: ignore[method-assign]


class Arrival:
    """The outermost layer of the application. It needs the socket, which only gunicorn passes on; other servers get no
    limits."""

    def __init__(self, wrapped: WSGIApplication, lingering: Places) -> None:
        self._wrapped = wrapped
        self._lingering = lingering

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        connection = environ.get(SOCKET)
        if connection is None:
            return self._wrapped(environ, start_response)
        if not environ.get("HTTP_TRANSFER_ENCODING") and environ.get("CONTENT_LENGTH", "0") in ("", "0"):
            return _Answer(self._wrapped(environ, start_response), connection)
        stream = environ["wsgi.input"]
        unreader = getattr(stream.reader, "unreader", None) or stream.reader.req.unreader
        unreader.sock = _HurriedSocket(connection, LeastSpeed(SLOWEST, WINDOW_S))
        body = environ["wsgi.input"] = _Body(stream, environ.get("CONTENT_LENGTH"))

        def sent() -> None:
            unreader.sock = _HurriedSocket(connection, LeastSpeed(LINGER_SPEED, SILENCE_S))
            came = body.ended or self._rest_came(body)
            unreader.sock = connection
            if not came:
                self._close(connection)

        return _Answer(self._wrapped(environ, start_response), connection, sent)

    def _rest_came(self, body: _Body) -> bool:
        """Throw a short rest of the body away, which has come by the time of the answer: then the connection goes on.
        A sender that keeps its connections may else send its next request into one that is being closed, and lose it.
        """
        give_back = self._lingering.taken()
        if not give_back:
            return False
        try:
            return body.take_short_rest()
        except OSError:  # it did not come
            return False
        finally:
            give_back()

    def _close(self, connection: socket.socket) -> None:
        """End our side first, so that the sender sees the answer. Then throw the rest of the body away and close.

        Without a place in `_lingering` the connection is closed at once: the answer may be lost, but the thread is
        free.
        """
        give_back = self._lingering.taken()
        try:
            with suppress(OSError):  # the client is gone, or silent
                connection.shutdown(socket.SHUT_WR)
                if give_back:
                    _throw_away(connection)
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # else the server's main thread would wait for the client
            if give_back:
                give_back()


class _HurriedSocket:
    """The connection that gunicorn reads a body from, with a least speed. Raises TimeoutError for a slower sender."""

    def __init__(self, connection: socket.socket, speed: LeastSpeed) -> None:
        self._connection = connection
        self._speed = speed

    def recv(self, size: int) -> bytes:
        self._speed.rest()  # work on the earlier bytes is not the sender's time
        self._connection.settimeout(self._speed.left_s())
        received = self._connection.recv(size)
        self._speed.moved(len(received))
        return received

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


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

    def take_short_rest(self) -> bool:
        """Whether all of the body has been read then. Raises OSError when no more comes."""
        while self._left and self._left <= _SHORT_REST_BYTES:
            if not self.read(self._left):
                return False
        return self._left == 0

    def _counted(self, data: bytes, size: int | None) -> bytes:
        if self._left is not None:
            self._left -= len(data)
        # A body without a stated length has ended when less comes than was asked for.
        is_short = size is not None and (size < 0 or len(data) < size)
        self.ended = self.ended or self._left == 0 or (not data and size != 0) or (self._left is None and is_short)
        return data


class _Answer:
    """The chunks of the answer, with a least speed for their reader: the server must send each chunk within the time
    that the reader has left. Calls `sent` when the server has sent all chunks, or gave up."""

    def __init__(
        self, chunks: Iterable[bytes], connection: socket.socket, sent: Callable[[], None] = lambda: None
    ) -> None:
        self._chunks = chunks
        self._connection = connection
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        speed = LeastSpeed(SLOWEST, WINDOW_S)
        for chunk in self._chunks:
            speed.rest()  # making the chunk was not the reader's time
            self._connection.settimeout(speed.left_s() + len(chunk) / SLOWEST)
            yield chunk
            speed.moved(len(chunk))

    def close(self) -> None:
        try:
            if close := getattr(self._chunks, "close", None):
                close()
        finally:
            self._sent()


def _throw_away(connection: socket.socket) -> None:
    """Read and throw away, until the sender ends, is too slow, is silent for SILENCE_S, or LINGER_S or LINGER_BYTES is
    reached."""
    speed, until = LeastSpeed(LINGER_SPEED, SILENCE_S), time.monotonic() + LINGER_S
    left, room = LINGER_BYTES, bytearray(_RECEIVED_BYTES)
    while left > 0 and speed.is_kept() and time.monotonic() < until:
        connection.settimeout(speed.left_s())
        received = connection.recv_into(room)
        if not received:
            return
        speed.moved(received)
        left -= received
