"""The patients' templates over invented values, served: for tests of pages alone. The pages of an exam are in
`patient_page_exams`, what their scripts fetch in `patient_page_pictures`.

No service, database or code of the application's views: those have their own journeys.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.serving import WSGIRequestHandler, make_server

from app.web import static_files
from app.web.patient.reading_choice import Reading, changed
from app.web.wsgi.headers import content_security_policy
from tests.factories import patient_page_exams, patient_page_pictures, sharing_pages
from tests.factories.patient_page_frames import (
    manifest,
)
from tests.factories.patient_page_values import (
    BIND,
    CARRIED,
    EXAM_ID,
    PHONE_DOOR,
    REPORT,
    STEP_UPS,
    TICKETS,
    WECHAT,
    demo_phone,
)
from tests.places import ROOT

RIGHT, PAUSED, STEPPED_UP = "0027", "0000", "0001"
OUR_CODES = ("CODE", "7K3M9P")
"""Factors that the entry pages answer in another way than by a refusal."""

PAGES = {
    "landing": "/",
    "landing-open": "/open",
    "verify": "/q/CODE",
    "verify-with-phone": "/s/CODE",
    "pickup": "/s",
    "paused": "/paused",
    "refused": "/refused",
    "step-up": "/step-up/asked",
    "code-sent": "/step-up/sent",
    "have-code": "/step-up/have-code",
    "phone-missing": "/step-up/missing",
    "held": "/held",
    **{name: f"/{name}" for name in TICKETS},
    **{f"phone-door-{name}": f"/phone-door/{name}" for name in PHONE_DOOR},
    **{f"bind-{name}": f"/bind/{name}" for name in BIND},
    **{f"wechat-{what}": f"/wx/{what}" for what in WECHAT},
    **{name: f"/sharing/{name}" for name in sharing_pages.PAGES},
    "left": "/left",
    "not-found": "/error/404",
    "failure": "/error/500",
    "exams": "/exams",
    "exam": f"/exams/{EXAM_ID}",
    "exam-amended": f"/exams/{EXAM_ID}/amended",
    "exam-amended-guest": f"/exams/{EXAM_ID}/amended-guest",
    "picture": f"/exams/{EXAM_ID}/pictures/1/30",
    "take": f"/exams/{EXAM_ID}/take/report.pdf",
    "viewer": f"/exams/{EXAM_ID}/viewer",
    "demo": "/demo/phone",
}
"""Where each page lies, by its name."""


class Pages:
    """What the test turns while the browser looks on."""

    def __init__(self) -> None:
        self.session_over = False
        self.refuse = 0
        """How many coming picture requests are answered 503."""
        self.delay_s = 0.0
        self.cannot_show: set[int] = set()
        self.places: dict[int, dict[str, Any]] = {}
        """By series; of others nobody knows the size."""
        self.frame_time_ms: float | None = None
        self.mammograms = False
        self.no_values = False
        """A share: pictures bear a mark, and values none."""
        self.priors: list[dict[str, str]] = []
        self.beside: dict[str, Any] = {}
        """What the manifest says beside its series."""
        self.incomplete: set[int] = set()
        self.report: dict[str, Any] | None = REPORT
        self.requests: list[str] = []
        self.posted: list[dict[str, str]] = []
        self.is_open = False
        self.base_url = ""

    def manifest(self) -> dict[str, Any]:
        return manifest(self.frame_time_ms, self.incomplete, mammograms=self.mammograms) | self.beside


def create_pages() -> tuple[Flask, Pages]:
    app = Flask(__name__, static_folder=None, template_folder=str(ROOT / "templates"))
    pages = Pages()
    app.jinja_env.globals.update(
        static_url=lambda name: f"/static/1/{name}",
        hospital_name="云影像示范医院",
        csrf_token=lambda: "token",
        reading=_reading,
    )
    files = static_files.read(static_files.FOLDER).by_name
    style = files[static_files.VIEWER_STYLE].content.decode()
    app.jinja_env.globals["viewer_style"] = lambda: Markup(style)
    app.after_request(lambda response: _harden(response, style))
    app.add_url_rule("/static/1/<path:name>", "static", lambda name: _static(files.get(name)))
    _plain_pages(app, pages)
    patient_page_exams.add(app, pages)
    sharing_pages.add(app)
    patient_page_pictures.add(app, pages)
    return app, pages


def _static(found: static_files.StaticFile | None) -> Response:
    if found is None:
        abort(404)
    return Response(found.content, content_type=found.content_type, headers={"Cache-Control": "max-age=3600"})


def _harden(response: Response, style: str) -> Response:
    response.headers["Content-Security-Policy"] = content_security_policy(style)
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _reading() -> Reading:
    return Reading.of(request.cookies.get("cf-reading", ""))


def _choose() -> ResponseReturnValue:
    """As `POST /reading` does, without a service."""
    response = redirect(urlsplit(request.headers["Referer"]).path, 303)
    response.set_cookie("cf-reading", changed(_reading(), request.form).stored)
    return response


def _plain_pages(app: Flask, pages: Pages) -> None:
    app.add_url_rule("/reading", "choose", _choose, methods=["POST"])
    app.add_url_rule("/", "landing", lambda: render_template("patient/landing.html", is_open=False))
    app.add_url_rule("/open", "open", lambda: render_template("patient/landing.html", is_open=True))
    app.add_url_rule(
        "/paused", "paused", lambda: render_template("patient/paused.html", retry_minutes=15, carried=CARRIED)
    )
    app.add_url_rule("/left", "left", lambda: render_template("patient/left.html"))
    app.add_url_rule("/error/<int:status>", "error", lambda status: render_template("errors/error.html", status=status))
    for name, state in STEP_UPS.items():
        app.add_url_rule(
            f"/step-up/{name}",
            f"step_up_{name}",
            lambda state=state: render_template("patient/one_time_code.html", **state),
        )
    for name, state in PHONE_DOOR.items():
        app.add_url_rule(
            f"/phone-door/{name}",
            f"phone_door_{name}",
            lambda state=state: render_template("patient/phone_door.html", **state),
        )
    for name, state in BIND.items():
        app.add_url_rule(
            f"/bind/{name}", f"bind_{name}", lambda state=state: render_template("patient/bind.html", **state)
        )
    for what in WECHAT:
        app.add_url_rule(
            f"/wx/{what}", f"wx_{what}", lambda what=what: render_template("patient/wechat.html", what=what)
        )
    for name, told in TICKETS.items():
        app.add_url_rule(f"/{name}", name, lambda told=told: render_template("patient/ticket.html", page="", **told))
    app.add_url_rule("/refused", "refused", lambda: render_template("patient/refused.html"))
    app.add_url_rule("/held", "held", lambda: render_template("patient/held.html", base=f"/exams/{EXAM_ID}"))
    app.add_url_rule("/demo/phone", "phone", lambda: render_template("demo/phone.html", **demo_phone()))

    def entry(code: str = "") -> ResponseReturnValue:
        if request.method == "POST":
            pages.posted.append(request.form.to_dict())
            factor = request.form.get("factor") or request.form.get("one_time_code")
            pages.is_open = pages.is_open or factor == RIGHT
            return _tried(factor)
        if code in OUR_CODES and pages.is_open:
            return redirect(f"/exams/{EXAM_ID}", 303)
        if not code:
            return render_template("patient/pickup.html")
        return render_template("patient/verify.html", with_phone=request.path.startswith("/s/"))

    app.add_url_rule("/q/<code>", "entry", entry, methods=["GET", "POST"])
    app.add_url_rule("/s/<code>", "sms_entry", entry, methods=["GET", "POST"])
    app.add_url_rule("/s", "pickup", entry, methods=["GET", "POST"])


def _tried(factor: str | None) -> ResponseReturnValue:
    """RIGHT opens the exam, PAUSED and STEPPED_UP are one try too many, all others are refused."""
    if factor == RIGHT:
        return redirect(f"/exams/{EXAM_ID}", 303)
    if factor == PAUSED:
        return render_template("patient/paused.html", retry_minutes=15, carried=None), 429, {"Retry-After": "841"}
    if factor == STEPPED_UP:
        return render_template("patient/one_time_code.html", **STEP_UPS["asked"]), 429
    return render_template("patient/refused.html"), 403


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Says nothing: a test's output is its result."""


@contextmanager
def served() -> Iterator[Pages]:
    """The pages on an ephemeral loopback port until the block ends."""
    app, pages = create_pages()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    pages.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
