"""Opens an exam by a code, which names it, and the ID number, which proves the person. Counting is in `attempts`, the
other factor in `one_time_codes`, the session in `opening`.

Unknown, malformed, expired and revoked codes and wrong factors run the same statements and raise the same error. So
neither the answer nor its time tells which it was.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, StepUpRequired, TooManyAttempts
from app.identity.numbers import number_of_today
from app.models import Patient
from app.security.codes import Codes, normal_factor
from app.security.fields import FieldSealer, place_of
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action
from app.services.patient_access.attempts import Attempts, Claim
from app.services.patient_access.code_naming import Attempt, CodeNaming, Named
from app.services.patient_access.opening import Factor, Opened, Opening


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Decides whether a code and the last four of the ID number open an exam. Failures are counted before comparing.
    Raises AccessRefused, TooManyAttempts, StepUpRequired.
    """

    db: Database
    clock: Clock
    codes: Codes
    naming: CodeNaming
    fields: FieldSealer
    attempts: Attempts
    refusals: CountedRefusals
    opening: Opening

    def open_by_factor(self, attempt: Attempt, factor: str) -> Opened:
        """Open with the last four of the ID number. Raises AccessRefused, TooManyAttempts, StepUpRequired."""
        with self.db.session() as session:
            now = self.clock.now()  # read under the lock: a request that waited for the lock counts from now
            named = self.naming.named(session, attempt, now)
            claim = self.attempts.claim(
                session, named.code_key, named.patient_key, attempt.address, named.device_key, now
            )
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        if claim.step_up:
            raise StepUpRequired
        right = self._factor_is_right(named, factor)
        with self.db.session() as session:
            now = self.clock.now()
            if right and self.naming.still_names(session, named, now):
                self.attempts.succeeded(session, named.code_key, named.device_key, claim, now)
                return self.opening.open_session(session, named, attempt, now, by=Factor.ID_NUMBER)
            self._refuse(session, named, attempt, claim, now)
            if self.attempts.knowledge_is_off(session, named.code_key, named.device_key):
                self._record(session, Action.KNOWLEDGE_FACTOR_OFF, named, attempt)
        raise AccessRefused

    def _factor_is_right(self, named: Named, factor: str) -> bool:
        """Opens and compares an ID number for every typed code. When there is none, a random one is used."""
        sealed = named.patient.id_number_sealed if named.patient else None
        owner = named.patient if named.patient and sealed else self._nobody
        number = number_of_today(normal_factor(self.fields.open_of(owner, "id_number_sealed")))
        is_known = sealed is not None and len(number) >= 4
        given, expected = self.codes.hash("factor", normal_factor(factor)), self.codes.hash("factor", number[-4:])
        return hmac.compare_digest(given, expected) and is_known

    @cached_property
    def _nobody(self) -> Patient:
        nobody = Patient(id=uuid.uuid4())
        place = place_of(nobody, "id_number_sealed")
        nobody.id_number_sealed = self.fields.seal_bound(secrets.token_hex(9), place)
        return nobody

    def _refuse(self, session: Session, named: Named, attempt: Attempt, claim: Claim, now: datetime) -> None:
        self.attempts.failed(session, named.patient_key, attempt.address, claim, now)
        self._record(session, Action.ACCESS_FAILED, named, attempt)

    def _record(self, session: Session, action: Action, named: Named, attempt: Attempt) -> None:
        """Tries at a code of ours are few, and each has its row. Made-up codes have no end, and in a network that many
        people share no address has a limit: few of those have one. Both get the same work."""
        self.refusals.record_at_code_in(
            session,
            action,
            actor="patient",
            subject=named.subject,
            address=attempt.address,
            code_key=named.code_key,
            is_ours=named.is_ours,
        )
