"""Who looked at an exam, when and how: what its patient is shown of the audit log. An actor's kind says how."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import UnsealError
from app.models import AuditEvent
from app.repos.audit import log as repo
from app.repos.family import grants
from app.repos.staff import accounts
from app.security.fields import FieldSealer
from app.services.audit.log import Action
from app.services.audit.subjects import exam_subject

NEWEST = 200
OF_EACH, MOST_FOUND = 20, 2000
"""Lines of one session and kind of look; and how many lines are looked through."""
LOOKS = frozenset(
    {
        Action.EXAM_VIEWED,
        Action.IMAGES_VIEWED,
        Action.REPORT_DOWNLOADED,
        Action.IMAGES_DOWNLOADED,
        Action.STAFF_VIEWED_EXAM,
    }
)


READS = frozenset({Action.EXAM_VIEWED, Action.REPORT_DOWNLOADED})
MOST_READS = 2000
SHOWN_REPORT = "report"
"""In an event's detail: the version of the report that was shown, 0 for none."""


class LookKind(StrEnum):
    SELF = "self"
    RELATIVE = "relative"
    HELPER = "helper"
    HAND_OVER = "hand_over"
    SHARE = "share"
    STAFF = "staff"


BY_ACTOR = {
    "patient-session": LookKind.SELF,
    "relative-session": LookKind.RELATIVE,
    "helper-session": LookKind.HELPER,
    "hand-over-session": LookKind.HAND_OVER,
    "share-session": LookKind.SHARE,
    "staff": LookKind.STAFF,
}
"""What stands before the colon of an actor."""


@dataclass(frozen=True)
class Look:
    """`who`: the role of staff, the number of a session that a share, digits or a helper's code opened, the name of a
    relative (empty when it does not open); empty for others. `version`: of the report that was shown; None where the
    event does not say."""

    how: LookKind
    who: str
    action: str
    at: datetime
    version: int | None = None
    grant: str = ""
    """Of a relative: the id of what allowed it, hexadecimal."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Decides which events are looks. It raises nothing of its own."""

    db: Database
    fields: FieldSealer

    def of(self, exam_id: uuid.UUID) -> list[Look]:
        """The newest looks at an exam, newest first. One query by the index of the subject. Who looks for ever pushes
        no session off the list."""
        with self.db.read() as session:
            events = _listed(repo.newest_of_each(session, exam_subject(exam_id), LOOKS, OF_EACH, MOST_FOUND))
            roles = {user.username: user.role for user in accounts.everybody(session)}
            relatives = self._relatives(session, events)
        return _looks(events, roles, relatives)

    def reads(self, session: Session, exam_id: uuid.UUID, *, since: datetime) -> list[Look]:
        """Looks at the report of an exam by patients and whom they let in, newest first, since a time. Inside the
        caller's transaction."""
        events = repo.of_subject(session, exam_subject(exam_id), READS, MOST_READS)
        return [
            look
            for look in _looks(events, {}, self._relatives(session, events))
            if look.how is not LookKind.STAFF and look.at >= since and look.version != 0
        ]

    def _relatives(self, session: Session, events: Sequence[AuditEvent]) -> dict[str, str]:
        """The names of relatives, by the id of the grant that an event holds."""
        ids = {uuid.UUID(hex=event.detail["grant"]) for event in events if "grant" in event.detail}
        names = {}
        for grant_id, patient in grants.relatives_of(session, ids).items():
            with suppress(UnsealError):
                names[grant_id.hex] = self.fields.open_of(patient, "name_sealed")
        return names


def _listed(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """The newest of all, and of each session the newest of each kind of look. `events`: newest first."""
    seen: set[tuple[str, str]] = set()
    listed = []
    for place, event in enumerate(events):
        look = event.actor, event.action
        if place < NEWEST or look not in seen:
            listed.append(event)
        seen.add(look)
    return listed


def _looks(events: Sequence[AuditEvent], roles: dict[str, str], relatives: dict[str, str]) -> list[Look]:
    found = []
    for event in events:
        kind, _, name = event.actor.partition(":")
        if (how := BY_ACTOR.get(kind)) is not None:
            grant = str(event.detail.get("grant", ""))
            who = relatives.get(grant, "") if how is LookKind.RELATIVE else _who(how, name, roles)
            told = event.detail.get(SHOWN_REPORT)
            version = int(told) if told is not None else None
            found.append(Look(how, who, event.action, event.at, version, grant))
    return found


def guest_number(session_id: uuid.UUID) -> str:
    """How a guest's session is named to people: in the pictures it was sent and in the patient's lists."""
    text = session_id.hex[:8].upper()
    return f"{text[:4]}-{text[4:]}"


def _who(how: LookKind, name: str, roles: dict[str, str]) -> str:
    if how is LookKind.STAFF:
        return roles.get(name, "")
    if how in (LookKind.SHARE, LookKind.HAND_OVER, LookKind.HELPER):
        return guest_number(uuid.UUID(hex=name))
    return ""
