"""The desk's pages: search, one exam with its deliveries and visitors, resend, revoke, hold, let in, print again.

The services of the rooms desk, release and paper decide.
"""

from __future__ import annotations

import uuid

from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import CloudFilmError, Conflict, InvalidInput, TooManyAttempts
from app.security.permissions import Permission
from app.web.context import services
from app.web.error_pages import status_of
from app.web.guards import guarded, guarded_blueprint
from app.web.row_ids import row_id
from app.web.staff.pages import asked
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint("staff_exams", __name__, requires(Permission.SEE_EXAMS), url_prefix="/staff")
UNSEEN = -1
REFUSALS = (InvalidInput, Conflict, TooManyAttempts)
"""Why an action of the desk is refused: shown on the page of the exam."""
may_change = guarded(requires(Permission.CHANGE_ACCESS))


@blueprint.get("/exams")
def search() -> str:
    term = request.args.get("q", "")
    page = services().desk.exam_search.find(term, current_staff().actor, asked("exams"))
    return render_template("staff/search.html", term=term, page=page)


@blueprint.get("/unmatched")
def unmatched() -> Response:
    return _waiting()


@blueprint.post("/unmatched/<order_id>/accept")
@may_change
def accept(order_id: str) -> Response:
    """Give a study to the exam proposed for one of its orders. `accession_number`: of the exam on the page this human
    looked at."""
    seen = request.form.get("accession_number", "")
    try:
        services().desk.proposals.accept(row_id(order_id), seen, current_staff().actor)
    except Conflict as error:
        return _waiting(error)
    flash("accepted")
    return make_response(redirect("/staff/unmatched", 303))


@blueprint.get("/exams/<exam_id>")
def exam(exam_id: str) -> Response:
    return _page(row_id(exam_id))


@blueprint.post("/exams/<exam_id>/resend")
@may_change
def resend(exam_id: str) -> Response:
    """Send a new message with a new code. Answers 303, or the page with the reason why not."""
    asked = row_id(exam_id)
    try:
        services().desk.messages.resend(asked, request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _page(asked, error)
    return _back(asked, "resent")


@blueprint.post("/exams/<exam_id>/revoke")
@may_change
def revoke(exam_id: str) -> Response:
    """End every code and session of the exam now."""
    asked = row_id(exam_id)
    try:
        services().desk.exams.revoke(asked, request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _page(asked, error)
    return _back(asked, "revoked")


@blueprint.post("/exams/<exam_id>/text-messages")
@may_change
def text_messages(exam_id: str) -> Response:
    """Send no more news to the patient's phone number, or send it again. Fields: `news` (no or yes), `reason`."""
    asked, wanted = row_id(exam_id), request.form.get("news", "")
    if wanted not in ("no", "yes"):
        raise InvalidInput("news", "must be no or yes")
    try:
        services().notifications.opt_outs.said_at_desk(
            asked, wanted == "no", request.form.get("reason", ""), current_staff().actor
        )
    except REFUSALS as error:
        return _page(asked, error)
    return _back(asked, "opted_out" if wanted == "no" else "opted_in")


@blueprint.post("/exams/<exam_id>/let-in")
@may_change
def let_in(exam_id: str) -> Response:
    """Show a one-time code, once: it is kept nowhere in clear text."""
    asked = row_id(exam_id)
    try:
        code = services().desk.exams.let_in(asked, request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _page(asked, error)
    accession = services().exams.views.by_id(asked).accession_number
    return make_response(render_template("staff/let_in.html", exam_id=asked.hex, code=code, accession_number=accession))


@blueprint.post("/exams/<exam_id>/let-bind")
@may_change
def let_bind(exam_id: str) -> Response:
    """Show a code that binds a WeChat account, once: it is kept nowhere in clear text."""
    asked = row_id(exam_id)
    try:
        code = services().desk.exams.let_bind(asked, request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _page(asked, error)
    accession = services().exams.views.by_id(asked).accession_number
    page = render_template("staff/let_bind.html", exam_id=asked.hex, code=code, accession_number=accession)
    return make_response(page)


@blueprint.post("/exams/<exam_id>/helper-code")
@may_change
def helper_code(exam_id: str) -> Response:
    """Show a code for somebody who helps the patient, once: it is kept nowhere in clear text."""
    asked = row_id(exam_id)
    try:
        code = services().sharing.helper_codes.give_at_desk(
            asked, request.form.get("reason", ""), current_staff().actor
        )
    except REFUSALS as error:
        return _page(asked, error, "full" if isinstance(error, Conflict) else "")
    accession = services().exams.views.by_id(asked).accession_number
    door = f"{services().settings.base_url}/h"
    page = render_template(
        "staff/helper_code.html", exam_id=asked.hex, code=code, door=door, accession_number=accession
    )
    return make_response(page)


@blueprint.post("/exams/<exam_id>/unbind")
@may_change
def unbind(exam_id: str) -> Response:
    """End every WeChat binding of the exam's person now."""
    asked = row_id(exam_id)
    try:
        services().desk.exams.unbind(asked, request.form.get("reason", ""), current_staff().actor)
    except REFUSALS as error:
        return _page(asked, error)
    return _back(asked, "unbound")


@blueprint.get("/exams/<exam_id>/patient-sees")
def patient_sees(exam_id: str) -> str:
    sees = services().desk.patients_view.of(row_id(exam_id), current_staff().actor)
    return render_template("staff/patient_sees.html", sees=sees)


@blueprint.post("/exams/<exam_id>/phone")
@may_change
def phone(exam_id: str) -> Response:
    """Correct the patient's phone number. Fields: `phone`, `reason`."""
    asked, typed = row_id(exam_id), request.form.get("phone", "")[:64]
    try:
        services().desk.phone_numbers.correct(asked, typed, request.form.get("reason", ""), current_staff().actor)
    except InvalidInput as error:
        return _page(asked, error, "phone" if error.field == "phone" else "")
    except Conflict as error:
        return _page(asked, error, "same_phone")
    return _back(asked, "phone_corrected")


@blueprint.post("/exams/<exam_id>/hold")
@may_change
def hold(exam_id: str) -> Response:
    """Hold the exam: the patient sees neither report nor pictures until somebody lifts the hold."""
    asked = row_id(exam_id)
    try:
        services().release.holds.withhold(asked, request.form.get("reason", ""), current_staff().actor)
    except InvalidInput as error:
        return _page(asked, error)
    return _back(asked, "held")


@blueprint.post("/exams/<exam_id>/lift-hold")
@may_change
def lift_hold(exam_id: str) -> Response:
    """Lift the hold. The matched studies are the patient's; the contradicting ones never will be.

    Field `revision`: the revision of the exam on the page that the human saw.
    """
    asked, seen = row_id(exam_id), request.form.get("revision", UNSEEN, type=int)
    try:
        services().release.holds.release_hold(
            asked, request.form.get("reason", ""), current_staff().actor, seen_revision=seen
        )
    except REFUSALS as error:
        return _page(asked, error)
    return _back(asked, "hold_lifted")


@blueprint.get("/exams/<exam_id>/report-sheet.pdf")
@may_change
def report_sheet(exam_id: str) -> Response:
    return Response(services().paper.paper.sheet_of(row_id(exam_id), current_staff().actor), mimetype="application/pdf")


@blueprint.get("/exams/<exam_id>/qr.png")
@may_change
def qr(exam_id: str) -> Response:
    accession = services().exams.views.by_id(row_id(exam_id)).accession_number
    return Response(services().paper.paper.qr_png(accession, current_staff().actor), mimetype="image/png")


def _waiting(fault: CloudFilmError | None = None) -> Response:
    waiting = services().desk.waiting
    page = render_template(
        "staff/unmatched.html",
        studies=waiting.studies(current_staff().actor, asked("studies")),
        held=waiting.held(asked("held")),
        without_pictures=waiting.without_pictures(asked("without-pictures")),
        fault=type(fault).__name__ if fault else None,
    )
    return make_response(page, status_of(fault) if fault else 200)


def _page(exam_id: uuid.UUID, fault: CloudFilmError | None = None, word: str = "") -> Response:
    """`word`: what the fault is called in words.faults, if not by its class."""
    desk = services().desk.exams.exam(exam_id, current_staff().actor)
    page = render_template("staff/exam.html", desk=desk, fault=word or (type(fault).__name__ if fault else None))
    return make_response(page, status_of(fault) if fault else 200)


def _back(exam_id: uuid.UUID, done: str) -> Response:
    flash(done)
    return make_response(redirect(f"/staff/exams/{exam_id.hex}", 303))
