"""`/family`: whom the person of this browser may see, and who may see this person; adding and removing. The page says
the same for every name and number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request

from app.clock import CHINA
from app.errors import AccessRefused, Conflict, ConsentMissing, Forbidden, InvalidInput, TooManyAttempts
from app.services.family.listing import ListedGrant
from app.services.family.members import MOST_MEMBERS
from app.services.family.people import Oneself
from app.services.family.typed import Wanted, wanted
from app.web import body_limits
from app.web.context import services
from app.web.exam import visit
from app.web.exam.masked_names import masked
from app.web.guards import guarded_blueprint
from app.web.patient import session as patient_session
from app.web.row_ids import row_id


def managing() -> None:
    """Guard: a live session of this patient, who agreed. Who came by a session of one exam, too, is told the way."""
    patient_session.any_session_unasked()
    own = [access for access in patient_session.opened_exams() if access.is_own]
    if not all(access.consented for access in own):
        raise ConsentMissing
    g.oneself = services().family.people.oneself(dict.fromkeys(access.session_id for access in own if access.of_person))


blueprint = guarded_blueprint("patient_family", __name__, managing)
blueprint.before_request(body_limits.limit_form)


@dataclass(frozen=True)
class Typed:
    """The form's fields as they were typed, cut to a length nobody needs."""

    name: str = ""
    id_number: str = ""
    relation: str = ""
    scope: str = ""
    one_time_code: str = ""

    @property
    def wanted(self) -> Wanted:
        return wanted(self.name, self.id_number, self.relation, self.scope)


@blueprint.get("/family")
def family_page() -> Response:
    return _page(Typed())


@blueprint.post("/family")
def add() -> Response:
    visit.check_csrf()
    oneself = _oneself()
    names = ("name", "id_number", "relation", "scope", "one_time_code")
    typed = Typed(**{name: request.form.get(name, "")[:64] for name in names})
    action = request.form.get("action")
    if action in ("send_code", "ask_staff"):
        return _asked(oneself, typed, action)
    if action == "have_code" or not typed.one_time_code:
        return _page(typed, asks_for="code")
    try:
        services().family.members.add(oneself, typed.wanted, typed.one_time_code, request.remote_addr or "")
    except AccessRefused:
        return _page(typed, asks_for="code", said="refused", status=403)
    return make_response(redirect("/family", 303))


@blueprint.post("/family/<grant_id>/remove")
def remove(grant_id: str) -> Response:
    """From either side."""
    visit.check_csrf()
    services().family.members.remove(_oneself(), row_id(grant_id))
    return make_response(redirect("/family", 303))


def _oneself() -> Oneself:
    """Raises Forbidden for a session that is of no person with an ID number."""
    oneself: Oneself | None = g.oneself
    if oneself is None:
        raise Forbidden
    return oneself


def _asked(oneself: Oneself, typed: Typed, action: str) -> Response:
    if not (typed.name.strip() and typed.id_number.strip()):
        raise InvalidInput("name", "and id_number are both needed")  # hangs on what was typed alone
    members, address = services().family.members, request.remote_addr or ""
    try:
        if action == "ask_staff":
            members.ask_staff(oneself, typed.wanted, address)
            return _page(Typed(), said="staff_asked")
        members.request(oneself, typed.wanted, address)
    except TooManyAttempts as pause:
        minutes = -(-pause.retry_after_s // 60)
        asks_for = "code" if action == "send_code" else "person"
        page = _page(typed, asks_for=asks_for, said="paused", retry_minutes=minutes, status=429)
        page.headers["Retry-After"] = str(pause.retry_after_s)
        return page
    except Conflict:
        return _page(typed, said="waits", status=409)
    return _page(typed, asks_for="code", said="code_sent")


def _page(
    typed: Typed, *, asks_for: str = "person", said: str = "", retry_minutes: int = 0, status: int = 200
) -> Response:
    oneself: Oneself | None = g.oneself
    sides = services().family.listing.of(oneself.person) if oneself else None
    page = render_template(
        "patient/family.html",
        name=masked(oneself.name) if oneself else "",
        typed=typed,
        asks_for=asks_for,
        said=said,
        retry_minutes=retry_minutes,
        members=[_shown(grant) for grant in sides.members] if sides else [],
        relatives=[_shown(grant) for grant in sides.relatives] if sides else [],
        has_room=sides is not None and len(sides.members) < MOST_MEMBERS,
        base=visit.base(),
        csrf_token=visit.csrf_token(),
    )
    return make_response(page, status)


def _shown(grant: ListedGrant) -> dict[str, Any]:
    return {
        "id": grant.id.hex,
        "name": masked(grant.name),
        "relation": grant.relation,
        "basis": grant.basis,
        "scope": grant.scope,
        "since": f"{grant.created_at.astimezone(CHINA):%Y-%m-%d}",
        "until": f"{grant.expires_at.astimezone(CHINA):%Y-%m-%d}",
        "confirmed": grant.confirmed,
    }
