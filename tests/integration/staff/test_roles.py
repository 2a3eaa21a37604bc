"""Which role reaches which address of the console, each with its method: a new one has to be added here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.access import application
from tests.factories.house import services
from tests.factories.staff import console

EXAM = "/staff/exams/<exam_id>"
REACHED_BY = {
    "GET /staff/exams": "desk",
    "GET /staff/unmatched": "desk",
    "POST /staff/unmatched/<order_id>/accept": "desk",
    f"GET {EXAM}": "desk",
    f"GET {EXAM}/qr.png": "desk",
    f"GET {EXAM}/report-sheet.pdf": "desk",
    f"POST {EXAM}/resend": "desk",
    f"POST {EXAM}/revoke": "desk",
    f"POST {EXAM}/let-in": "desk",
    f"POST {EXAM}/let-bind": "desk",
    f"POST {EXAM}/unbind": "desk",
    f"POST {EXAM}/text-messages": "desk",
    f"POST {EXAM}/phone": "desk",
    f"GET {EXAM}/patient-sees": "desk",
    f"POST {EXAM}/hold": "desk",
    f"POST {EXAM}/lift-hold": "desk",
    f"POST {EXAM}/helper-code": "desk",
    f"GET {EXAM}/family": "desk",
    f"POST {EXAM}/family/<grant_id>/end": "desk",
    "GET /staff/family": "desk",
    "POST /staff/family/<grant_id>/confirm": "desk",
    "POST /staff/family/<grant_id>/refuse": "desk",
    "GET /staff/data-requests": "desk",
    "POST /staff/data-requests/<request_id>/answer": "desk",
    "GET /staff/messages": "desk system_admin",
    "POST /staff/messages/queue-again": "desk system_admin",
    "POST /staff/messages/<notification_id>/settle": "desk",
    "GET /staff/system": "system_admin",
    "POST /staff/system/jobs/<job_id>/revive": "system_admin",
    "GET /staff/rules": "system_admin",
    "POST /staff/rules": "system_admin",
    "POST /staff/rules/<rule_id>/end": "system_admin",
    "GET /staff/people": "security_admin",
    "POST /staff/people": "security_admin",
    "POST /staff/people/<username>/reset": "security_admin",
    "POST /staff/people/<username>/disable": "security_admin",
    "GET /staff/audit": "audit_admin",
    "POST /staff/audit/verify": "audit_admin",
    "POST /staff/audit/address-mark": "audit_admin",
}
OF_EVERYBODY = {
    "GET /staff/",
    "GET /staff/<path:unknown>",
    "POST /staff/<path:unknown>",
    "GET /staff/login",
    "POST /staff/login",
    "POST /staff/logout",
    "GET /staff/password",
    "POST /staff/password",
}
ROLES = sorted(set(" ".join(REACHED_BY.values()).split()))


def test_every_address_of_the_console_has_its_role_here(tmp_path: Path) -> None:
    app = application(services(tmp_path))
    found = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/staff")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert found == OF_EVERYBODY | set(REACHED_BY)


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_a_roles_own_is_forbidden_to_it(tmp_path: Path, role: str) -> None:
    house = services(tmp_path)
    browser = console(application(house), house, role)
    token = browser.token("/staff/password")
    for address, owners in REACHED_BY.items():
        method, path = address.split()
        for part in ("exam_id", "notification_id", "job_id", "username", "grant_id", "request_id"):
            path = path.replace(f"<{part}>", "0" * 32)
        answer = browser.client.open(path, method=method, data={"csrf_token": token, "reason": "x"})
        assert (answer.status_code == 403) == (role not in owners.split()), address
