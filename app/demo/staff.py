"""The demo's staff: one account a role, with secrets made from the key file: the same at every start."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from app.clock import Clock
from app.security import totp
from app.security.permissions import ROLES
from app.services.staff.accounts import Credentials, StaffAccounts


@dataclass(frozen=True, kw_only=True)
class DemoStaff:
    accounts: StaffAccounts
    clock: Clock
    secret: bytes = field(repr=False)

    def everybody(self) -> list[Credentials]:
        """One of each role; usernames are the roles' names with hyphens."""
        return [
            Credentials(
                username=role.replace("_", "-"),
                role=role,
                password=self._password(role),
                totp_secret=base64.b32encode(self._derive(f"totp-{role}")[:20]).decode(),
            )
            for role in ROLES
        ]

    def ensure(self, actor: str) -> None:
        for account in self.everybody():
            self.accounts.ensure(account, actor)

    def code(self, account: Credentials) -> str:
        """What the account's authenticator shows now."""
        return totp.code_at(account.totp_secret, self.clock.now())

    def _password(self, role: str) -> str:
        text = self._derive(f"password-{role}").hex()
        return "Film-" + "-".join(text[at : at + 4] for at in (0, 4, 8))

    def _derive(self, purpose: str) -> bytes:
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).digest()
