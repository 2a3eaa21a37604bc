"""The patient's session in the browser, and the guards of /exams and everything under it. Its row is the business of
services/patient_access."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from flask import Response, g, request

from app.errors import ConsentMissing, Forbidden, NotFound, Unauthenticated
from app.services.binding.entering import Entered
from app.services.patient_access.opening import Opened
from app.services.patient_access.sessions import PatientAccess
from app.web import cookies
from app.web.context import services
from app.web.exam.visit import BETWEEN, MOST_SESSIONS, current_access, is_given, let_in
from app.web.patient.reading_choice import Reading
from app.web.row_ids import row_id


def patient_session() -> None:
    """Guard of pages: as `session_of_exam`, of a patient who agreed. Others are led to the page that asks."""
    session_of_exam()
    _need_consent(current_access())


def session_of_exam() -> None:
    """Guard: a live session that opens the exam in the address. Anything else does not exist (404)."""
    asked = (request.view_args or {}).get("exam_id")
    if asked is None:
        raise NotFound
    exam_id = row_id(str(asked))
    if asked != exam_id.hex:  # one exam has one address
        raise NotFound
    open_exam(exam_id)


def open_exam(exam_id: uuid.UUID) -> None:
    """Take the session of this browser that opens an exam, the patient's own before that of a relative. Raises NotFound
    when there is none."""
    sessions = services().patient_access.sessions
    for look in (sessions.check, sessions.check_relative):
        for session_id in _session_ids():
            check = partial(look, session_id, exam_id)
            with suppress(NotFound):
                let_in(check(), check, f"/exams/{exam_id.hex}")
                return
    raise NotFound


def _need_consent(*opened: PatientAccess) -> None:
    if not all(access.consented for access in opened):
        raise ConsentMissing


def any_session() -> None:
    """Guard of the list: a live session, of one exam or of a person, and everybody in it agreed."""
    any_session_unasked()
    _need_consent(*opened_exams())


def any_session_unasked() -> None:
    """Guard of what may be done before consent: a live session."""
    opened: dict[uuid.UUID, PatientAccess] = {}
    for access in sorted(live_sessions(), key=lambda access: not access.is_own):
        opened.setdefault(access.exam_id, access)
    if not opened:
        raise NotFound
    g.opened = list(opened.values())
    g.patient_access = g.opened[0]


def live_sessions() -> Iterator[PatientAccess]:
    """What this browser has opened and may still see, the newest session first. Two sessions may open the same exam."""
    for session_id in _session_ids():
        with suppress(NotFound):
            yield from services().patient_access.sessions.opened(session_id)


def _session_ids() -> Iterator[uuid.UUID]:
    """The ids in the cookies that we signed, those of helpers last. They may be of sessions that are over. Each is read
    only when those before it did not open what is asked for."""
    for cookie in (cookies.PATIENT, cookies.HELPER):
        for token in filter(None, cookie.read().split(BETWEEN, MOST_SESSIONS)[:MOST_SESSIONS]):
            try:
                session_id = services().patient_access.tokens.read(token)
            except Unauthenticated:
                continue
            yield session_id


def opened_by(code: str) -> str | None:
    """The address of the exam that this code names, when this browser has it open; without a session nothing is looked
    up."""
    for access in live_sessions():
        if services().patient_access.sessions.is_named_by(access, code):
            return f"/exams/{access.exam_id.hex}"
    return None


def shown_exam() -> None:
    """Guard of pictures, downloads and the report as PDF: a live session, consent (else 403), and an exam that is not
    held. The pages in `exams` and `exam_list` look at `held` themselves, because they have something to say of a held
    exam."""
    session_of_exam()
    if not current_access().consented:
        raise Forbidden
    if current_access().held or not is_given(current_access().parts):
        raise NotFound


def shown_page() -> None:
    """Guard of pages that say nothing of a held exam."""
    patient_session()
    if current_access().held:
        raise NotFound


def own_page() -> None:
    """Guard of what only the patient does, and the guardian of a child: letting others in."""
    shown_page()
    if not current_access().may_give:
        raise NotFound


def no_route() -> None:
    """Guard for unknown addresses and methods under /exams. Without a session all get 404; with a session some get
    405."""
    if request.routing_exception is not None and request.path.lstrip("/").partition("/")[0] == "exams":
        any_session_unasked()


def opened_exams() -> list[PatientAccess]:
    """Behind `any_session`: each exam that the session opens, the newest first."""
    opened: list[PatientAccess] = g.opened
    return opened


def record_list() -> None:
    """Note that the list was looked at."""
    if request.method != "HEAD":
        services().patient_access.sessions.record_list(opened_exams())


def device_token() -> str | None:
    """The token of a browser that was let in before."""
    return cookies.DEVICE.read()[:64] or None


def begin(response: Response, opened: Opened) -> Response:
    """Set the cookies of new sessions: of the exam that was named, and of those that its message told along."""
    cookies.DEVICE.set(response, opened.device)
    return _begin_of_exams(
        response, {opened.exam_id: opened.session_id} | {exam: one for one, exam in opened.told_along}
    )


def begin_session(response: Response, session_id: uuid.UUID, exam_id: uuid.UUID) -> Response:
    """Set the cookie of a new session of one exam."""
    return _begin_of_exams(response, {exam_id: session_id})


def _begin_of_exams(response: Response, began: dict[uuid.UUID, uuid.UUID]) -> Response:
    """Set the cookie of new sessions, each of one exam, in place of those that opened these exams alone. Others are
    kept. `began`: session by exam."""
    others = [one for one in live_sessions() if one.of_person or one.exam_id not in began]
    return _begin(response, [*began.values()], others)


def begin_of_person(response: Response, session_id: uuid.UUID) -> Response:
    """Set the cookie of a new session of the phone door, and keep those that are there."""
    return _begin(response, [session_id], list(live_sessions()))


def begin_bound(response: Response, entered: Entered) -> Response:
    """Set the cookies of new sessions of bound persons. Those that are there are kept, but not of bound accounts: they
    begin anew with each login."""
    others = [access.session_id for access in live_sessions() if access.account_id is None and not access.is_helper]
    _set(response, [*entered.sessions, *others])
    cookies.DEVICE.set(response, entered.device)
    if entered.reading is not None:
        cookies.READING.set(response, entered.reading)
    elif (own := Reading.of(cookies.READING.read())).is_chosen:
        services().binding.reading.keep(entered.sessions, own.stored)
    return response


def begin_helper(response: Response, session_id: uuid.UUID) -> Response:
    """Set the cookie of a new session of somebody who helps. It outlives the browser, those of patients do not."""
    kept = [session_id, *(access.session_id for access in live_sessions() if access.is_helper)]
    cookies.HELPER.set(response, _tokens(kept))
    return response


def _begin(response: Response, began: list[uuid.UUID], others: list[PatientAccess]) -> Response:
    return _set(response, [*began, *(access.session_id for access in others if not access.is_helper)])


def _set(response: Response, sessions: list[uuid.UUID]) -> Response:
    cookies.PATIENT.set(response, _tokens(sessions))
    return response


def _tokens(sessions: list[uuid.UUID]) -> str:
    kept = list(dict.fromkeys(sessions))[:MOST_SESSIONS]
    return BETWEEN.join(map(services().patient_access.tokens.issue, kept))


def end(response: Response) -> Response:
    """End every session of this browser: who leaves a device that is not their own leaves nothing open on it."""
    for access in {access.session_id: access for access in live_sessions()}.values():
        services().patient_access.sessions.end(access)
    cookies.PATIENT.delete(response)
    cookies.HELPER.delete(response)
    return response
