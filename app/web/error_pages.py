"""Turns domain errors into HTTP answers by one table. No other module does this.

Machines (`/dicomweb`, `/api`, `/hooks`) get JSON. Patients and staff get a page in their own words. A request counts as
one of staff when it reached the guards of the console (`g.at_console`). No answer quotes the request.
"""

from __future__ import annotations

import structlog
from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException

from app import errors
from app.web.context import services
from app.web.wsgi.request_log import route

log = structlog.get_logger(__name__)

STATUS: dict[type[errors.CloudFilmError], int] = {
    errors.InvalidInput: 400,
    errors.Unauthenticated: 401,
    errors.PasswordOverAge: 403,
    errors.AccessRefused: 403,
    errors.Forbidden: 403,
    errors.ConsentMissing: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooManyAttempts: 429,
    errors.StepUpRequired: 429,
    errors.RefusedObject: 409,
    errors.Busy: 503,
    errors.StoreUnavailable: 503,
    errors.DatabaseUnavailable: 503,
}
LED_ELSEWHERE: dict[type[errors.CloudFilmError], str] = {
    errors.Unauthenticated: "/staff/login",
    errors.PasswordOverAge: "/staff/password",
}
"""For these errors staff are not refused: they are led to the page with the missing step."""
CONSENT = "/consent"
STAFF_PATHS = "/staff"
MACHINE_PATHS = ("/dicomweb/", "/api/", "/hooks/")


def install(app: Flask) -> None:
    app.register_error_handler(errors.CloudFilmError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def status_of(error: errors.CloudFilmError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _domain(error: errors.CloudFilmError) -> Response:
    status = status_of(error)
    if request.path.startswith(STAFF_PATHS) and type(error) in LED_ELSEWHERE:
        return make_response(redirect(LED_ELSEWHERE[type(error)], 303))
    if isinstance(error, errors.ConsentMissing):
        return make_response(redirect(CONSENT, 303))
    if status >= 500 and not isinstance(error, errors.Busy):
        log.error("request failed", route=route(), exc_info=error)
    detail = str(error) if isinstance(error, errors.InvalidInput | errors.RefusedObject | errors.Conflict) else None
    if isinstance(error, errors.FieldRefused):
        _record(error)
    response = _answer(status, detail)
    if isinstance(error, errors.TooManyAttempts | errors.Busy):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _record(error: errors.FieldRefused) -> None:
    try:
        services().audit.refused_fields.record(error)
    except errors.DatabaseUnavailable as fault:  # the log has it
        log.error("a refused field is not in the audit log", exc_info=fault)


def _http(error: HTTPException) -> Response:
    response = _answer(error.code or 500, None)
    for name, value in error.get_headers():
        if name in ("Allow", "Location", "Retry-After"):
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen error", route=route(), exc_info=error)
    return _answer(500, None)


def _answer(status: int, detail: str | None) -> Response:
    if request.path.startswith(MACHINE_PATHS):
        return make_response(jsonify({"status": status, "detail": detail}), status)
    page = "staff/error.html" if g.get("at_console") else "errors/error.html"
    return make_response(render_template(page, status=status), status)
