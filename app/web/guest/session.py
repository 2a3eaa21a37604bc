"""The guest's session in the browser, and the guards of everything under /guest. Its row is the business of
services/sharing.

The piece `<exam_id>` of an address here is the id of the guest's session and not of the exam: the views are those of
patients, and so is the name."""

from __future__ import annotations

import uuid
from contextlib import suppress
from functools import partial
from typing import cast

from flask import Response, g, request

from app.errors import NotFound, Unauthenticated
from app.services.sharing.guests import GuestAccess
from app.services.sharing.marking import marked
from app.web import cookies
from app.web.context import services
from app.web.exam.visit import BETWEEN, MOST_SESSIONS, current_access, is_given, let_in
from app.web.row_ids import row_id

PREFIX = "/guest"


def guest_session() -> None:
    """Guard: a live session of a guest of the id in the address. Anything else does not exist (404)."""
    asked = str((request.view_args or {}).get("exam_id"))
    session_id = row_id(asked)
    if asked != session_id.hex or session_id not in session_ids():
        raise NotFound
    check = partial(services().sharing.guests.check, session_id)
    access = check()
    let_in(access, check, address_of(session_id))
    if access.share_id is not None:
        g.finish = partial(_marked, access=access)


def shown_to_guest() -> None:
    """Guard of pictures and documents: as `guest_session`, of an exam that is not held, and what was chosen."""
    guest_session()
    if current_access().held or not is_given(current_access().parts):
        raise NotFound


def tail_of_request() -> str:
    """The name of the view that answers, without its room."""
    return (request.endpoint or "").rpartition(".")[2]


def current_guest() -> GuestAccess:
    return cast("GuestAccess", current_access())


def address_of(session_id: uuid.UUID) -> str:
    return f"{PREFIX}/{session_id.hex}"


def session_ids() -> list[uuid.UUID]:
    """The ids in the cookie that we signed, the newest first. They may be of sessions that are over."""
    found = []
    for token in cookies.GUEST.read().split(BETWEEN, MOST_SESSIONS)[:MOST_SESSIONS]:
        with suppress(Unauthenticated):
            found.append(services().sharing.tokens.read(token))
    return found


def live_sessions() -> list[GuestAccess]:
    """What guests of this browser may still see, the newest first."""
    alive = []
    for session_id in session_ids():
        with suppress(NotFound):
            alive.append(services().sharing.guests.check(session_id))
    return alive


def begin(response: Response, began: list[uuid.UUID]) -> Response:
    """Set the cookie of new sessions, and keep those that are alive."""
    kept = list(dict.fromkeys([*began, *(access.session_id for access in live_sessions())]))[:MOST_SESSIONS]
    cookies.GUEST.set(response, BETWEEN.join(map(services().sharing.tokens.issue, kept)))
    return response


def end(response: Response) -> Response:
    """End every session of guests in this browser: a doctor's PC is used by many."""
    for access in live_sessions():
        services().sharing.guests.end(access)
    cookies.GUEST.delete(response)
    return response


def _marked(picture: bytes, access: GuestAccess) -> bytes:
    return marked(picture, "image/jpeg", access)
