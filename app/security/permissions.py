"""Which role may do what: one table, default deny (GB/T 22239-2019 8.1.4.2: separate administrators)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    SEE_EXAMS = "see exams"
    CHANGE_ACCESS = "resend, revoke, hold, let in, print"
    SEE_MESSAGES = "see messages that did not arrive, queue failed ones again"
    SETTLE_MESSAGES = "settle messages"
    SEE_SYSTEM = "see jobs and quarantine, revive jobs"
    READ_AUDIT = "read the audit log"
    MANAGE_STAFF = "manage staff"


ROLES: Mapping[str, frozenset[Permission]] = {
    "desk": frozenset(
        {Permission.SEE_EXAMS, Permission.CHANGE_ACCESS, Permission.SEE_MESSAGES, Permission.SETTLE_MESSAGES}
    ),
    "system_admin": frozenset({Permission.SEE_SYSTEM, Permission.SEE_MESSAGES}),
    "security_admin": frozenset({Permission.MANAGE_STAFF}),
    "audit_admin": frozenset({Permission.READ_AUDIT}),
}


def may(role: str, permission: Permission) -> bool:
    return permission in ROLES.get(role, frozenset())
