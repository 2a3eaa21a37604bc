"""Anchors the head of the audit log outside the database, and compares the two. A log that was emptied or cut at its
end is told apart from a young one. The files are in `anchor_files`, the chain itself in `log`, the reasons in ADR 0014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import AuditEvent
from app.repos.audit import log as repo
from app.services.audit.anchor_files import Anchor, AnchorFolder
from app.services.audit.log import Action, Audit, AuditFault
from app.services.audit.subjects import anchors_subject

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=5)
"""What is cut off sooner than that after it was written may have no anchor yet."""
AFTER_FAULT = timedelta(minutes=1)


@dataclass(kw_only=True)
class Anchoring:
    """Decides when the head is anchored, and what differs. An anchor that contradicts the log is never overwritten."""

    db: Database
    clock: Clock
    audit: Audit
    folder: AnchorFolder
    _next_at: datetime | None = field(default=None, init=False)

    def anchor_due(self) -> int:
        """Anchor the head when it moved. A folder that cannot be used, and a contradiction, are logged every minute.
        Returns 0: nothing waits for it."""
        now = self.clock.now()
        if self._next_at is not None and timedelta(0) < self._next_at - now <= AFTER_FAULT:
            return 0
        self._next_at = now + (EVERY if self._is_anchored(now) else AFTER_FAULT)
        return 0

    def faults(self) -> list[AuditFault]:
        """Everything in which the log and its anchors differ. Row 0 stands for the anchors themselves.

        Others go on meanwhile. So the log is asked first which anchors must be there, and last how far it goes.
        """
        with self.db.read() as session:
            told = self._told(session)
        try:
            read = {day: self.folder.read(day) for day in self.folder.days()}
        except OSError:
            return [AuditFault(0, "the anchors cannot be read")]
        anchors = [anchor for anchor in read.values() if anchor is not None]
        forged = [day for day, anchor in read.items() if anchor is None]
        with self.db.read() as session:
            cut = _cut_faults(session, anchors)
        return [
            *(AuditFault(0, f"the anchor of {day} was changed, or made with another key file") for day in forged),
            *_order_faults(anchors),
            *cut,
            *_removal_faults(told, read),
        ]

    def newest(self) -> Anchor | None:
        """The anchor of the last day; None also when it is not ours. Raises OSError."""
        days = self.folder.days()
        return self.folder.read(days[-1]) if days else None

    def begin_anew(self) -> None:
        """Take the log as it is, because an operator restored a backup: former anchors are kept in a folder beside, and
        the log tells of it. Done again after a crash. Raises OSError."""
        now = self.clock.now()
        with self.folder.locked():
            newest = self.newest()
            aside = self.folder.set_aside(f"former-{now:%Y%m%dT%H%M%S}")
            anchor = self._put(now, newest)
            if anchor is not None:
                self._tell(anchor, anew=True, set_aside=aside)

    def _is_anchored(self, now: datetime) -> bool:
        try:
            with self.folder.locked():
                return self._move_on(now)
        except OSError as error:
            log.error("the audit log cannot be anchored", exc_info=error)
            return False

    def _move_on(self, now: datetime) -> bool:
        """False when log and anchors contradict each other: the anchors stay as they are."""
        days = self.folder.days()
        newest = self.newest()
        with self.db.read() as session:
            told = self._told(session)
            lost = bool(told) and not days
            fits = newest is not None and repo.hash_of(session, newest.seq).hex() == newest.row_hash
            head = repo.head(session).seq
        if lost or (days and not fits):
            log.error("the audit log and its anchors differ and it is not anchored any more")
            return False
        if newest is None or newest.seq != head:
            newest = self._put(now, newest)
        if newest is not None and (not told or told[-1].detail["day"] < newest.day):
            self._tell(newest)  # after the file: the log never tells of an anchor that a crash kept from being there
        return True

    def _put(self, now: datetime, former: Anchor | None) -> Anchor | None:
        """Anchor the head; None while the log is empty."""
        with self.db.read() as session:
            seq = repo.head(session).seq
            row_hash = repo.hash_of(session, seq)
        if not row_hash:
            return former
        anchor = Anchor(
            place=self.folder.place,
            day=max(f"{now:%Y-%m-%d}", former.day if former else ""),  # a clock that was set back turns no day back
            counter=(former.counter if former else 0) + 1,
            seq=seq,
            row_hash=row_hash.hex(),
            at=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        )
        self.folder.put(anchor)
        return anchor

    def _tell(self, anchor: Anchor, **more: int | bool) -> None:
        with self.db.session() as session:
            subject = anchors_subject(self.folder.place)
            detail = {"day": anchor.day, "counter": anchor.counter, **more}
            self.audit.record(session, Action.AUDIT_ANCHORED, actor="system", subject=subject, **detail)

    def _told(self, session: Session) -> list[AuditEvent]:
        """The events that tell of anchors in this place, oldest first, since they began anew."""
        events = repo.every_of_subject(session, anchors_subject(self.folder.place), Action.AUDIT_ANCHORED)
        begun = max((number for number, event in enumerate(events) if event.detail.get("anew")), default=0)
        return events[begun:]


def _order_faults(anchors: Sequence[Anchor]) -> list[AuditFault]:
    return [
        AuditFault(later.seq, f"the anchor of {later.day} is older than that of {earlier.day}: a copy was put back")
        for earlier, later in pairwise(anchors)
        if later.counter <= earlier.counter or later.seq < earlier.seq
    ]


def _cut_faults(session: Session, anchors: Sequence[Anchor]) -> list[AuditFault]:
    if not anchors:
        return []
    faults, last, sure = [], repo.last_seq(session), 0
    for anchor in anchors:
        if anchor.seq > last:
            continue
        if repo.hash_of(session, anchor.seq).hex() == anchor.row_hash:
            sure = max(sure, anchor.seq)
        else:
            rows = f"rows {sure + 1} to {anchor.seq}"
            reason = f"{rows} are not those that were anchored on {anchor.at}: the log was cut and grown anew"
            faults.append(AuditFault(sure + 1, reason))
    furthest = max(anchors, key=lambda anchor: anchor.seq)
    if furthest.seq > last:
        reason = f"rows {last + 1} to {furthest.seq} are missing: the log stood at row {furthest.seq} on {furthest.at}"
        faults.append(AuditFault(last + 1, reason))
    return faults


def _removal_faults(told: Sequence[AuditEvent], read: dict[str, Anchor | None]) -> list[AuditFault]:
    if told and not read:
        reason = f"no anchor is left, though the log was anchored up to {told[-1].detail['day']}"
        return [AuditFault(told[-1].seq, reason)]
    faults = []
    for event in told:
        day, counter = event.detail["day"], event.detail["counter"]
        if day not in read:
            faults.append(AuditFault(event.seq, f"the anchor of {day} is missing"))
        elif (anchor := read[day]) is not None and anchor.counter < counter:
            faults.append(AuditFault(event.seq, f"the anchor of {day} is an older one: a copy was put back"))
    return faults
