"""What a patient gives to others: `/exams/<id>/shares` (links with a passcode) and `/exams/<id>/hand-over` (six digits
for a doctor's PC). The guests' side is app/web/guest."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from flask import Response, jsonify, make_response, redirect, render_template, request

from app.clock import CHINA
from app.errors import AccessRefused, Conflict, InvalidInput, NotFound
from app.services.patient_access.sessions import Parts, PatientAccess
from app.services.sharing.shares import ListedShare, NewShare, Opening
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.guards import guarded, guarded_blueprint
from app.web.patient import session as patient_session
from app.web.row_ids import row_id

NOT_CHOSEN = frozenset({"", "0", "false", "no", "off"})
_DAYS = re.compile(r"\d{1,3}(\.\d{1,4})?\Z", re.ASCII)


def session_of_share() -> None:
    """Guard: a session that opens the exam of the share in the address, and may give it."""
    share_id = row_id(str((request.view_args or {}).get("share_id")))
    patient_session.open_exam(services().sharing.shares.exam_of(share_id))
    if not visit.current_access().may_give:
        raise NotFound


blueprint = guarded_blueprint("patient_sharing", __name__, patient_session.own_page)
blueprint.before_request(body_limits.limit_form)


@blueprint.get("/exams/<exam_id>/shares")
def shares(exam_id: str) -> Response:
    listed = services().sharing.shares.of(visit.current_access())
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify({"shares": [_told(share) for share in listed]})
    return make_response(_page(listed))


@blueprint.post("/exams/<exam_id>/shares")
def share(exam_id: str) -> Response:
    visit.check_csrf()
    access = visit.current_access()
    chosen = Parts(**{name: _is_chosen(name) for name in ("pictures", "report", "originals", "anonymous")})
    priors = _priors(access) if _is_chosen("priors") else []
    made = services().sharing.shares.create(access, chosen, _lifetime(), priors)
    return make_response(_page(services().sharing.shares.of(access), made))


@blueprint.post("/shares/<share_id>/revoke")
@guarded(session_of_share)
def revoke(share_id: str) -> Response:
    visit.check_csrf()
    access = visit.current_access()
    services().sharing.shares.revoke(access, row_id(share_id))
    return make_response(redirect(f"{visit.base()}/shares", 303))


@blueprint.get("/exams/<exam_id>/hand-over")
def hand_over(exam_id: str) -> Response:
    return _hand_over_page()


@blueprint.post("/exams/<exam_id>/hand-over")
def give_or_tap(exam_id: str) -> Response:
    """With a `number`: the patient taps a PC. With `end`: ends the session of one. Else: new digits."""
    visit.check_csrf()
    access, room = visit.current_access(), services().sharing
    number = request.form.get("number")
    if number is not None:
        try:
            room.hand_over.tap(access, number[:8].strip())
        except AccessRefused:
            return _hand_over_page(refused=True, status=403)
        return make_response(redirect(f"{visit.base()}/hand-over", 303))
    if (ended := request.form.get("end")) is not None:
        room.guests.end_by_patient(access, row_id(ended))
        return make_response(redirect(f"{visit.base()}/hand-over", 303))
    try:
        room.hand_over.give(access)
    except Conflict:
        return _hand_over_page(is_full=True, status=409)
    return _hand_over_page()


def _hand_over_page(*, refused: bool = False, is_full: bool = False, status: int = 200) -> Response:
    access, room = visit.current_access(), services().sharing
    digits = room.hand_over.shown(access)
    page = render_template(
        "patient/hand_over.html",
        base=visit.base(),
        digits=digits,
        minutes_left=_minutes_left(digits.expires_at - services().clock.now()) if digits else 0,
        opened=[{"id": session_id.hex, **_opening(each)} for session_id, each in room.hand_over.opened(access)],
        refused=refused,
        is_full=is_full,
        door=f"{services().settings.base_url}/d",
        csrf_token=visit.csrf_token(),
    )
    return make_response(page, status)


def _page(listed: list[ListedShare], made: NewShare | None = None) -> str:
    return render_template(
        "patient/shares.html",
        base=visit.base(),
        made=made and _shown_once(made),
        shares=[_listed(share) for share in listed],
        priors=len(_priors(visit.current_access())),
        csrf_token=visit.csrf_token(),
    )


def _shown_once(made: NewShare) -> dict[str, Any]:
    return {
        "link": f"{services().settings.base_url}/g/{made.code}",
        "passcode": made.passcode,
        "parts": made.parts,
        "until": _when(made.expires_at),
    }


def _listed(share: ListedShare) -> dict[str, Any]:
    return {
        "id": share.id.hex,
        "parts": share.parts,
        "priors": share.priors,
        "made": _when(share.created_at),
        "until": _when(share.expires_at),
        "revoked": share.revoked,
        "over": share.over,
        "openings": [_opening(each) for each in share.openings],
    }


def _opening(opening: Opening) -> dict[str, Any]:
    return {
        "number": opening.number,
        "device": opening.device,
        "at": _when(opening.at),
        "is_open": opening.is_open,
    }


def _told(share: ListedShare) -> dict[str, Any]:
    return {
        "id": share.id.hex,
        "expires_at": share.expires_at.isoformat(timespec="seconds"),
        "revoked": share.revoked,
        "opened": len(share.openings),
    }


def _priors(access: PatientAccess) -> list[PatientAccess]:
    """The other exams that this session opens, of the same person, and that may be shown."""
    if not access.of_person:
        return []
    try:
        opened = services().patient_access.sessions.opened(access.session_id)
    except NotFound:
        return []
    same = [each for each in opened if each.patient_id == access.patient_id or (each.is_own and access.is_own)]
    return [each for each in same if each.exam_id != access.exam_id and not each.held]


def _is_chosen(name: str) -> bool:
    return request.form.get(name, "").strip().lower() not in NOT_CHOSEN


def _lifetime() -> timedelta:
    """Raises InvalidInput."""
    text = request.form.get("days", "7").strip()
    if not _DAYS.match(text):
        raise InvalidInput("days", "must be from 0.25 to 30")
    return timedelta(days=float(text))


def _minutes_left(left: timedelta) -> int:
    return max(1, -(-int(left.total_seconds()) // 60))


def _when(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
