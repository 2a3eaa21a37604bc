"""Pages of sharing, consent and looks over invented values, for the server of `patient_pages`."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template

from app.services.audit.looks import LookKind
from app.services.patient_access.sessions import EVERYTHING
from tests.factories.patient_page_values import EXAM_ID

BASE = f"/exams/{EXAM_ID}"
UNTIL, AT = "2026-11-27 09:30", "2026-11-20 09:30"
OPENING = {"number": "7F3A-09BC", "device": "windows", "at": AT, "is_open": True}
MADE = {
    "link": "https://yun.example-hospital.cn/g/7K3M9PQRSTUVWXYZ23456789AB",
    "passcode": "483920",
    "parts": EVERYTHING,
    "until": UNTIL,
}
SHARE = {
    "id": EXAM_ID,
    "parts": EVERYTHING,
    "priors": 2,
    "made": AT,
    "until": UNTIL,
    "revoked": False,
    "over": False,
    "openings": [OPENING],
}
DIGITS = {"code": "483920", "waiting": [{"number": "47", "device": "windows", "address_masked": "10.20.*.*"}]}
LOOKS = [
    {"how": LookKind.SELF, "who": "", "action": "exam.viewed", "at": AT},
    {"how": LookKind.SHARE, "who": "7F3A-09BC", "action": "images.viewed", "at": AT},
    {"how": LookKind.STAFF, "who": "desk", "action": "staff.viewed_exam", "at": AT},
]
DIGITS_PAGE: dict[str, Any] = {"number": "", "refused": False, "over": False, "retry_minutes": 0}
PASSCODE: dict[str, Any] = {"refused": False, "retry_minutes": 0}
HAND_OVER: dict[str, Any] = {"digits": None, "minutes_left": 4, "opened": [], "refused": False}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "consent": ("patient/consent.html", {"version": "2026-11", "agreed": False}),
    "consented": ("patient/consent.html", {"version": "2026-11", "agreed": True}),
    "looks": ("patient/looks.html", {"looks": LOOKS}),
    "shares": ("patient/shares.html", {"made": MADE, "shares": [SHARE], "priors": 2}),
    "hand-over": ("patient/hand_over.html", HAND_OVER),
    "hand-over-digits": ("patient/hand_over.html", HAND_OVER | {"digits": DIGITS, "opened": [OPENING | {"id": "1"}]}),
    "digits": ("guest/digits.html", DIGITS_PAGE),
    "digits-number": ("guest/digits.html", DIGITS_PAGE | {"number": "47"}),
    "passcode": ("guest/passcode.html", PASSCODE),
    "passcode-refused": ("guest/passcode.html", PASSCODE | {"refused": True}),
    "guest-left": ("guest/left.html", {}),
}
"""Name: template and its values."""


def add(app: Flask) -> None:
    """Each page at `/sharing/<name>`. They load themselves again after seconds: the longest test of one is shorter."""
    for name, (template, values) in PAGES.items():
        told = {"base": BASE, "csrf_token": "token", "door": "https://yun.example-hospital.cn/d", **values}
        app.add_url_rule(
            f"/sharing/{name}",
            f"sharing_{name}",
            lambda template=template, told=told: render_template(template, **told),
        )
