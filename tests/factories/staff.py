"""Staff in front of the console: accounts, a login, forms with their tokens; what the audit log says of them."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.models import AuditEvent
from app.security import totp
from app.services.staff.accounts import Credentials

PASSWORD = "Correct-horse-7"


def account(house: Services, role: str = "desk", username: str | None = None) -> Credentials:
    """An account whose owner changed the password already."""
    name = username or role.replace("_", "-")
    secret = base64.b32encode(hashlib.sha1(name.encode()).digest()).decode()
    made = Credentials(name, role, PASSWORD, secret)
    house.staff.accounts.ensure(made, "test")
    return made


def code(house: Services, who: Credentials) -> str:
    return totp.code_at(who.totp_secret, house.clock.now())


class Console:
    """A browser at the staff console."""

    def __init__(self, app: Flask, house: Services) -> None:
        self.house, self.client = house, app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def token(self, page: str = "/staff/login") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found, f"{page} has no form"
        return found.group(1)

    def post(self, path: str, page: str = "/staff/login", **fields: Any) -> TestResponse:
        """POST with the token of a form on `page`."""
        return self.client.post(path, data={"csrf_token": self.token(page), **fields})

    def try_login(self, username: str, password: str, typed: str) -> TestResponse:
        return self.post("/staff/login", username=username, password=password, totp=typed)

    def log_in(self, who: Credentials) -> Console:
        answer = self.try_login(who.username, who.password, code(self.house, who))
        assert answer.status_code == 303, answer.text
        return self


def console(app: Flask, house: Services, role: str = "desk") -> Console:
    """Logged in with a role."""
    return Console(app, house).log_in(account(house, role))


def actions(house: Services, exam_id: str) -> list[tuple[str, str, str]]:
    """(action, actor, what they said) of what staff did to an exam."""
    with house.db.read() as session:
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.subject == f"exam:{exam_id}").order_by(AuditEvent.seq)
        )
        return [(row.action, row.actor, row.detail.get("note", "")) for row in rows if row.action.startswith("staff.")]


def audited(house: Services, action: str) -> list[AuditEvent]:
    with house.db.read() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == action)))
