"""What a backup asks the database. Which objects rows name is in the rooms of those rows."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.models import AuditEvent, Exam, Instance, MachineToken, Patient, QuarantineItem, StaffUser, Study

HELD = (AuditEvent, Exam, Patient, Study, QuarantineItem, StaffUser, MachineToken)
"""Tables of which at least one has a row in an installation that was used."""
NAMES_AT_ONCE = 500


def is_used(session: Session) -> bool:
    return any(session.scalar(select(exists().select_from(table))) for table in HELD)


def subjects_since(session: Session, action: str, seq: int) -> set[str]:
    """The subjects of the audit events of an action behind a row of the log."""
    query = select(AuditEvent.subject).where(AuditEvent.action == action, AuditEvent.seq > seq)
    return set(session.scalars(query))


def object_keys_of(session: Session, sop_instance_uids: Collection[str]) -> set[str]:
    found, uids = set[str](), sorted(sop_instance_uids)
    for start in range(0, len(uids), NAMES_AT_ONCE):
        some = uids[start : start + NAMES_AT_ONCE]
        found |= set(session.scalars(select(Instance.object_key).where(Instance.sop_instance_uid.in_(some))))
    return found
