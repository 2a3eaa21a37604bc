"""Limits how many threads one patient's session uses at a time for work that is done anew for each request.

Prepared pictures cost almost nothing and are not counted. Streamed downloads are counted in app/web/downloads.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from app.errors import Busy
from app.web.patient.session import current_access
from app.web.wsgi.thread_places import SharePerHolder

RETRY_S = 1
RENDERS, SHEETS = "cloudfilm.session-renders", "cloudfilm.session-sheets"


def install(app: Flask) -> None:
    """Half of the threads for rendered pictures: the viewer asks for four at a time. One thread for report sheets."""
    app.extensions[RENDERS] = SharePerHolder(max(1, app.extensions["cloudfilm"].settings.web_threads // 2))
    app.extensions[SHEETS] = SharePerHolder(1)


@contextmanager
def place(name: str) -> Iterator[None]:
    """Hold a place while the work is done. Raises Busy when the session has no place left."""
    share: SharePerHolder = current_app.extensions[name]
    give_back = share.taken(current_access().session_id)
    if give_back is None:
        raise Busy(RETRY_S)
    try:
        yield
    finally:
        give_back()
