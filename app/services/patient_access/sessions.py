"""A patient's session: is it alive, which exams does it open, end it. How it began: `verification`, or the room
`phone_door`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from app.caches.lru import LruCache
from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models.states import AccessCodeKind, FamilyBasis, FamilyScope
from app.repos.audit import log as audit_repo
from app.repos.notifications import funnel
from app.repos.patient_access import codes, sessions
from app.services.audit.log import Action, Audit
from app.services.audit.repeated_looks import RepeatedLooks
from app.services.audit.subjects import exam_subject, patient_subject
from app.services.patient_access.codes import AccessCodes
from app.services.session_times import SESSION_LIFETIME, is_alive, is_to_be_touched, touch

KEPT_NOTES = 4096
HELPER_LIFETIME = timedelta(days=7)
"""Of the session of somebody who helps, also when it is not used."""
LOOKS_AT_PICTURES = (Action.IMAGES_VIEWED, Action.IMAGES_DOWNLOADED)


@dataclass(frozen=True, slots=True)
class Parts:
    """What of an exam is shown. `anonymous`: without whose it is."""

    pictures: bool = True
    report: bool = True
    originals: bool = True
    anonymous: bool = False


EVERYTHING = Parts()


RELATIVES_PARTS = {FamilyScope.ALL: EVERYTHING, FamilyScope.REPORT: Parts(pictures=False, originals=False)}


@dataclass(frozen=True, slots=True)
class OfFamily:
    """The exam is of a member of the family of the session's person. `grant_id` allows it."""

    grant_id: uuid.UUID
    is_guardian: bool
    parts: Parts


@dataclass(frozen=True, slots=True)
class PatientAccess:
    """A live session and one exam that it opens."""

    session_id: uuid.UUID
    exam_id: uuid.UUID
    exam_revision: int
    held: bool
    """The hospital checks whose exam it is: nothing of it may be shown."""
    patient_id: uuid.UUID
    of_person: bool
    """It is of a person and may open other exams of that person too."""
    account_id: uuid.UUID | None = None
    """The bound WeChat account that it came by."""
    consented: bool = True
    """The patient agreed to what is asked before the first look; of a look at the family: the one who looks did."""
    family: OfFamily | None = None
    is_helper: bool = False
    """It is of somebody to whom the patient gave a code for this exam."""

    @property
    def actor(self) -> str:
        kind = "helper" if self.is_helper else "patient" if self.family is None else "relative"
        return f"{kind}-session:{self.session_id.hex}"

    @property
    def is_own(self) -> bool:
        """It is of the patient, and not of somebody whom the patient let in."""
        return self.family is None and not self.is_helper and not self.is_guest

    @property
    def may_give(self) -> bool:
        """It may let others in: the patient may, and the guardian of a child."""
        return self.is_own or (self.family is not None and self.family.is_guardian)

    @property
    def is_guest(self) -> bool:
        """It is of somebody whom the patient let in: `services/sharing`."""
        return False

    @property
    def parts(self) -> Parts:
        """What of the exam it may see."""
        return EVERYTHING if self.family is None else self.family.parts


@dataclass(frozen=True, kw_only=True)
class PatientSessions:
    """Decides whether a patient's session is alive. Raises NotFound."""

    db: Database
    clock: Clock
    audit: Audit
    idle: timedelta
    access_codes: AccessCodes
    consent: str | None
    """The version of the text that patients must have agreed to; None: consent is taken elsewhere."""
    _noted: LruCache[tuple[uuid.UUID, uuid.UUID, Action], bool] = field(default_factory=lambda: LruCache(KEPT_NOTES))
    _repeated: RepeatedLooks = field(default_factory=RepeatedLooks)

    def check(self, session_id: uuid.UUID, exam_id: uuid.UUID | None = None) -> PatientAccess:
        """The access a session gives now to an exam (None: to the only one that it opens). One indexed SELECT; raises
        NotFound when the session is over for any reason, or does not open this exam as the patient's own."""
        row = sessions.session_row(self.db.look_up, session_id, exam_id, self.consent or "")
        if row is None or not self._is_in_use(session_id, row):
            raise NotFound
        return self._access(session_id, row)

    def check_relative(self, session_id: uuid.UUID, exam_id: uuid.UUID) -> PatientAccess:
        """The access that a session of a person gives to an exam of a member of the family. As `check`; both sides may
        end it at any time."""
        now = self.clock.now()
        row = sessions.relatives_row(self.db.look_up, session_id, exam_id, self.consent or "", now)
        if row is None or not self._is_in_use(session_id, row):
            raise NotFound
        return self._access(session_id, row)

    def opened(self, session_id: uuid.UUID) -> list[PatientAccess]:
        """Each exam that a session opens now; at least one. First the person's own, then those of the family, the
        newest first. Raises NotFound as `check`."""
        row = sessions.session_row(self.db.look_up, session_id, None, self.consent or "")
        if row is not None:
            rows = [row]
        else:
            with self.db.read() as session:
                rows = sessions.opened_by_person(session, session_id, self.consent or "")
                rows += sessions.opened_by_relative(session, session_id, self.consent or "", self.clock.now())
        if not rows or not self._is_in_use(session_id, rows[0]):
            raise NotFound
        return [self._access(session_id, row) for row in rows]

    def _access(self, session_id: uuid.UUID, row: sessions.SessionRow) -> PatientAccess:
        return PatientAccess(
            session_id,
            row.exam_id,
            row.exam_revision,
            row.held_at is not None,
            row.patient_id,
            of_person=row.own_exam_id is None,
            account_id=row.account_id,
            # Who gave the code had agreed, and withdrawing ends it.
            consented=self.consent is None or row.consented or row.helper_code_id is not None,
            family=_family(row),
            is_helper=row.helper_code_id is not None,
        )

    def _is_in_use(self, session_id: uuid.UUID, row: sessions.SessionRow) -> bool:
        now = self.clock.now()
        is_helpers = row.helper_code_id is not None
        idle, lifetime = (HELPER_LIFETIME, HELPER_LIFETIME) if is_helpers else (self.idle, SESSION_LIFETIME)
        if not is_alive(row, now, idle, lifetime):
            return False
        if is_to_be_touched(row, now):
            touch(self.db, lambda session: sessions.touch_session(session, session_id, now))
        return True

    def is_named_by(self, access: PatientAccess, typed: str) -> bool:
        """Whether the typed code names the exam of this session."""
        with self.db.read() as session:
            return self.access_codes.names(session, access.exam_id, typed)

    def code_behind(self, access: PatientAccess) -> tuple[bool, str] | None:
        """Whether the code that opened this session is a QR code, and its text; None when it was opened without one."""
        with self.db.read() as session:
            row = codes.code_of_session(session, access.session_id)
            return None if row is None else (row.kind == AccessCodeKind.QR, self.access_codes.code_of(row))

    def end(self, access: PatientAccess) -> None:
        with self.db.session() as session:
            sessions.revoke_session(session, access.session_id, self.clock.now())
            self._record(session, access, Action.ACCESS_ENDED)

    def record(self, access: PatientAccess, action: Action, **detail: str) -> None:
        """Note in the audit log what this patient looked at or downloaded; a few times what one session repeats."""
        if self._repeated.is_due((access.actor, access.exam_id, action, *sorted(detail.items()))):
            with self.db.session() as session:
                self._record(session, access, action, **detail)

    def record_list(self, opened: Sequence[PatientAccess]) -> None:
        """Note that the list of these exams was looked at: once for each session and patient number."""
        looks = dict.fromkeys((access.actor, access.patient_id) for access in opened)
        due = [look for look in looks if self._repeated.is_due((*look, Action.EXAMS_LISTED))]
        if not due:
            return
        with self.db.session() as session:
            for actor, patient_id in due:
                self.audit.record(session, Action.EXAMS_LISTED, actor=actor, subject=patient_subject(patient_id))

    def record_once(self, access: PatientAccess, action: Action) -> None:
        """Note only the first look of a session: a patient who scrolls a stack sends hundreds of requests.

        The note is durable when this returns. There is one note, even when many processes and threads serve the
        session.
        """
        self._noted.computed((access.session_id, access.exam_id, action), lambda: self._noted_now(access, action))

    def _noted_now(self, access: PatientAccess, action: Action) -> bool:
        wanted = (action, access.actor, exam_subject(access.exam_id))
        with self.db.read() as session:  # a patient who only goes on looking does not wait for the write lock
            if audit_repo.is_recorded(session, *wanted):
                return True
        with self.db.session() as session:
            if not audit_repo.is_recorded(session, *wanted):
                self._record(session, access, action)
        return True

    def _record(self, session: Session, access: PatientAccess, action: Action, **detail: str) -> None:
        if access.family is not None:
            detail["grant"] = access.family.grant_id.hex
        self.audit.record(session, action, actor=access.actor, subject=exam_subject(access.exam_id), **detail)
        if not access.is_own:
            return  # that the message reached its patient is shown by nobody else
        steps = ("opened", "viewed") if action in LOOKS_AT_PICTURES else ("opened",)
        funnel.note_look(session, access.exam_id, steps, self.clock.now())


def _family(row: sessions.SessionRow) -> OfFamily | None:
    if row.grant_id is None or row.scope is None:
        return None
    return OfFamily(row.grant_id, row.basis == FamilyBasis.GUARDIAN, RELATIVES_PARTS[FamilyScope(row.scope)])
