"""What of a process one patient's session may take at a time with work that is made anew for each request.

Prepared pictures cost next to nothing and are not counted; downloads that stream have places of their own (downloads).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, current_app

from app.web.patient.session import current_access
from app.web.wsgi.thread_places import Places

RETRY_S = 1
RENDERS, SHEETS = "cloudfilm.session-renders", "cloudfilm.session-sheets"


@dataclass(frozen=True)
class Share:
    """Places for one kind of work, and how many of them a session may have."""

    places: Places
    for_session: int


def install(app: Flask) -> None:
    """Half of the threads for pictures: the viewer asks for four at a time. One for printed reports."""
    threads = app.extensions["cloudfilm"].settings.web_threads
    app.extensions[RENDERS] = Share(Places(threads), max(1, threads // 2))
    app.extensions[SHEETS] = Share(Places(threads), 1)


@contextmanager
def place(name: str) -> Iterator[None]:
    """Held while the work is done. Raises Busy when the session has as many under way as it may."""
    share: Share = current_app.extensions[name]
    with share.places.place({str(current_access().session_id): share.for_session}, RETRY_S):
        yield
