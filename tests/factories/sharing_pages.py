"""Pages of sharing, family, consent and looks over invented values, for the server of `patient_pages`."""

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
GRANT = {
    "id": EXAM_ID,
    "name": "赵*芝",
    "relation": "parent",
    "basis": "code",
    "scope": "all",
    "since": "2026-11-20",
    "until": "2027-11-20",
    "confirmed": True,
}
FAMILY: dict[str, Any] = {
    "name": "李*",
    "typed": {"name": "", "id_number": "", "relation": "parent", "scope": "all", "one_time_code": ""},
    "asks_for": "person",
    "said": "",
    "retry_minutes": 0,
    "members": [GRANT, GRANT | {"name": "", "confirmed": False}],
    "relatives": [GRANT],
    "has_room": True,
}
TYPED = {"name": "赵敏芝", "id_number": "120101196001020043", "relation": "parent", "scope": "all", "one_time_code": ""}
GIVEN = {"id": EXAM_ID, "made": AT, "opened": AT, "until": UNTIL, "device": "android", "is_over": False}
HELPER_CODE: dict[str, Any] = {"code": "", "is_full": False, "given": [GIVEN, GIVEN | {"opened": "", "is_over": True}]}
STEPS = [{"state": "open", "words": "手机号换了，请改成 13900000002。", "at": AT}]
REQUEST = {
    "id": EXAM_ID,
    "kind": "correction",
    "state": "open",
    "is_open": True,
    "is_late": False,
    "due": "2026-12-05",
    "steps": STEPS,
}
KEPT = {"name": "李*", "phone": "139****0001", "id_number": "1201**********0027", "birth_year": "1960"}
INFORMATION: dict[str, Any] = {
    "registrations": [KEPT],
    "consents": [{"version": "2026-11", "agreed": AT, "withdrawn": ""}],
    "bound": ["2026-11-20"],
    "requests": [REQUEST],
    "said": "",
}
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
    "family": ("patient/family.html", FAMILY),
    "family-code": ("patient/family.html", FAMILY | {"typed": TYPED, "asks_for": "code", "said": "code_sent"}),
    "helper-code": ("patient/helper_code.html", HELPER_CODE),
    "helper-code-made": ("patient/helper_code.html", HELPER_CODE | {"code": "7K3M9PQRST"}),
    "helpers-door": ("patient/helpers_door.html", {"refused": False, "retry_minutes": 0}),
    "my-information": ("patient/my_information.html", INFORMATION),
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
