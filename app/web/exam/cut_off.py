"""Breaks off an answer that is being sent when its session ends (revoked, left, over) or its exam is held or changed.

The guard checks the session only before an answer begins, but a download on a slow line takes minutes. So each second
one thread of the process checks every unfinished answer again, with the guard's one SELECT. It closes the connection,
because the sending thread may wait for a client that does not read, and throws away the bytes that the kernel still
holds. The client sees that the answer is not whole. Bytes that left the machine cannot be stopped: a proxy in front
passes on what it has read.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import cast

import structlog
from flask import Flask, Response, current_app, request

from app.errors import NotFound
from app.services.patient_access.sessions import PatientAccess
from app.web.exam.visit import checks_again, current_access
from app.web.wsgi.arrival import SOCKET

log = structlog.get_logger(__name__)

EVERY_S = 1.0
SMALL = 64 * 1024
"""An answer up to this size is sent before the next check."""
PIECE = 256 * 1024
_UNDER_WAY = "cloudfilm.under-way"
_NO_LINGERING = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing the socket throws away unsent bytes and resets the connection (RST)."""


def install(app: Flask) -> None:
    app.extensions[_UNDER_WAY] = UnderWay()


def watch(response: Response) -> Response:
    """For `after_request` of a blueprint of patients or guests: break off the answer when its session does not allow it
    any more."""
    if response.status_code not in (200, 206) or (
        response.content_length is not None and response.content_length <= SMALL
    ):
        return response
    under_way: UnderWay = current_app.extensions[_UNDER_WAY]
    answer = Answer(_looking(checks_again(), current_access()), request.environ.get(SOCKET))
    under_way.add(answer)
    response.call_on_close(lambda: under_way.end(answer))
    response.response = answer.pieces(cast("Iterable[bytes]", response.response))
    return response


def _looking(check: Callable[[], PatientAccess], access: PatientAccess) -> Callable[[], bool]:
    """A function that tells whether the session still gives the same access as when the answer began."""

    def still_allowed() -> bool:
        try:
            return check() == access
        except NotFound:
            return False
        except Exception as error:
            log.warning("an answer under way was cut off unseen", exc_info=error)
            return False

    return still_allowed


class Answer:
    """One answer that is being sent."""

    def __init__(self, still_allowed: Callable[[], bool], connection: socket.socket | None) -> None:
        self.still_allowed = still_allowed
        self._connection = connection
        self._cut = False

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The body, in pieces. Raises ConnectionResetError after `cut`; a server takes this for a client that went
        away."""
        try:
            for chunk in chunks:
                for start in range(0, len(chunk), PIECE):
                    if self._cut:
                        raise ConnectionResetError(errno.ECONNRESET, "the session is over")
                    yield chunk[start : start + PIECE]
        finally:
            if close := getattr(chunks, "close", None):
                close()

    def cut(self) -> None:
        self._cut = True
        if self._connection is not None:
            with suppress(OSError):  # the client is gone
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
                self._connection.shutdown(socket.SHUT_RDWR)


class UnderWay:
    """All answers of this process that are being sent. Its thread lives while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: set[Answer] = set()
        self._is_looking = False

    def add(self, answer: Answer) -> None:
        with self._lock:
            self._answers.add(answer)
            if not self._is_looking:
                threading.Thread(target=self._look_again_and_again, name="answers under way", daemon=True).start()
                self._is_looking = True

    def end(self, answer: Answer) -> None:
        with self._lock:
            self._answers.discard(answer)

    def look(self) -> None:
        """Cut off every answer whose session does not allow it any more."""
        with self._lock:
            answers = list(self._answers)
        for answer in answers:
            if not answer.still_allowed():
                self._cut(answer)

    def _look_again_and_again(self) -> None:
        while True:
            time.sleep(EVERY_S)
            self.look()
            with self._lock:
                if not self._answers:
                    self._is_looking = False
                    return

    def _cut(self, answer: Answer) -> None:
        with self._lock:  # after its end, the connection may carry the answer to the next request
            if answer in self._answers:
                self._answers.discard(answer)
                answer.cut()
