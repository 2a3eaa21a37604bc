"""What of a process one patient's session may take at a time with work that is made anew for each request.

Prepared pictures cost next to nothing and are not counted; downloads that stream have places of their own (downloads).
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
    """Half of the threads for pictures: the viewer asks for four at a time. One for printed reports."""
    app.extensions[RENDERS] = SharePerHolder(max(1, app.extensions["cloudfilm"].settings.web_threads // 2))
    app.extensions[SHEETS] = SharePerHolder(1)


@contextmanager
def place(name: str) -> Iterator[None]:
    """Held while the work is done. Raises Busy when the session has as many under way as it may."""
    share: SharePerHolder = current_app.extensions[name]
    give_back = share.taken(current_access().session_id)
    if give_back is None:
        raise Busy(RETRY_S)
    try:
        yield
    finally:
        give_back()
