"""Limits how many threads one patient's session uses at a time for work that is done anew for each request.

Prepared pictures cost almost nothing and are not counted. Streamed downloads are counted in app/web/downloads.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, current_app

from app.web.exam.visit import current_access
from app.web.wsgi.thread_places import Places

RETRY_S = 1
RENDERS, SHEETS = "cloudfilm.session-renders", "cloudfilm.session-sheets"
CUTS = "cloudfilm.session-cuts"


@dataclass(frozen=True)
class Share:
    """Places for one kind of work, and how many of them a session may have."""

    places: Places
    for_session: int


def install(app: Flask) -> None:
    """A session gets half of the threads for rendered pictures, because the viewer asks for four at a time, and one
    thread for report sheets. Cuts whose volume is not in memory wait for it: together they leave a thread in four
    free."""
    threads = app.extensions["cloudfilm"].settings.web_threads
    app.extensions[RENDERS] = Share(Places(threads), max(1, threads // 2))
    app.extensions[CUTS] = Share(Places(max(1, threads * 3 // 4)), max(1, threads // 2))
    app.extensions[SHEETS] = Share(Places(threads), 1)


@contextmanager
def place(name: str) -> Iterator[None]:
    """Hold a place while the work is done. Raises Busy when the session has no place left."""
    share: Share = current_app.extensions[name]
    with share.places.place({str(current_access().session_id): share.for_session}, RETRY_S):
        yield
