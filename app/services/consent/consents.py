"""A patient agrees to a version of the text before the first look, and may withdraw. The text is
templates/patient/consent.html; whether a session may look is read with the session itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.clock import Clock
from app.database import Database
from app.errors import Conflict
from app.models import Consent
from app.repos.consent import consents as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import patient_subject

VERSION = "2026-11b"
"""Of the text. A new text gets a new version: then everybody is asked again."""

MOST_A_DAY = 20
"""Times that one patient agrees: each leaves rows that stay, also after it was withdrawn."""


class ConsentMode(StrEnum):
    ASKED = "asked"
    ELSEWHERE = "elsewhere"
    """The hospital takes consent on paper or at registration; nobody is asked here."""


@dataclass(frozen=True, kw_only=True)
class Consents:
    """Decides how often a patient may agree in a day, and nothing else beyond what is said; to withdraw is always
    possible. Twice is as once."""

    db: Database
    clock: Clock
    audit: Audit

    def agree(self, patient_ids: Iterable[uuid.UUID], actor: str) -> None:
        """These patients (rows of one person, or of a family on one device) agree to the text of today.

        Raises Conflict when one of them agreed and withdrew too often in a day. Then nobody agreed to anything.
        """
        with self.db.session() as session:
            now = self.clock.now()
            for patient_id in dict.fromkeys(patient_ids):
                if repo.holds(session, patient_id, VERSION):
                    continue
                if repo.count_since(session, patient_id, now - timedelta(days=1)) >= MOST_A_DAY:
                    raise Conflict("this patient agreed as often as it may in a day")
                repo.add(session, Consent(id=uuid.uuid4(), patient_id=patient_id, version=VERSION, agreed_at=now))
                subject = patient_subject(patient_id)
                self.audit.record(session, Action.CONSENT_GIVEN, actor=actor, subject=subject, version=VERSION)

    def withdraw(self, patient_ids: Iterable[uuid.UUID], actor: str) -> None:
        """They withdraw: nothing is shown any more, and what they gave to others ends."""
        with self.db.session() as session:
            now = self.clock.now()
            for patient_id in dict.fromkeys(patient_ids):
                if repo.withdraw(session, [patient_id], now):
                    repo.end_what_was_given(session, [patient_id], now)
                    subject = patient_subject(patient_id)
                    self.audit.record(session, Action.CONSENT_WITHDRAWN, actor=actor, subject=subject, version=VERSION)
