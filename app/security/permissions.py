"""What each role may do, in one table with default deny (GB/T 22239-2019 8.1.4.2: separate administrators).

Also the scopes of machines' tokens. The guards in app/web check both.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """The role of a member of staff. Each member has one role."""

    DESK = "desk"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class Scope(StrEnum):
    """What a machine's token allows. A token may have several scopes."""

    UPLOAD = "upload"
    READ = "read"
    RIS = "ris"


class Permission(StrEnum):
    SEE_EXAMS = "see exams"
    CHANGE_ACCESS = "resend, revoke, hold, let in, print"
    SEE_MESSAGES = "see messages that did not arrive, queue failed ones again"
    SETTLE_MESSAGES = "settle messages"
    SEE_SYSTEM = "see jobs and quarantine, revive jobs"
    EDIT_RULES = "edit rules of sensitive results"
    READ_AUDIT = "read the audit log"
    MANAGE_STAFF = "manage staff"


ROLES: Mapping[str, frozenset[Permission]] = {
    Role.DESK: frozenset(
        {Permission.SEE_EXAMS, Permission.CHANGE_ACCESS, Permission.SEE_MESSAGES, Permission.SETTLE_MESSAGES}
    ),
    Role.SYSTEM_ADMIN: frozenset({Permission.SEE_SYSTEM, Permission.SEE_MESSAGES, Permission.EDIT_RULES}),
    Role.SECURITY_ADMIN: frozenset({Permission.MANAGE_STAFF}),
    Role.AUDIT_ADMIN: frozenset({Permission.READ_AUDIT}),
}


def may(role: str, permission: Permission) -> bool:
    return permission in ROLES.get(role, frozenset())
