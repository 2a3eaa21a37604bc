"""Which WeChat account belongs to which patient, and until when. The caller checks that the person is the patient."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.identity.childhood import end_of_childhood
from app.models import WechatAccount
from app.repos.exams import patients
from app.repos.wechat import accounts as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import patient_subject


@dataclass(frozen=True, kw_only=True)
class WechatAccounts:
    """Decides which account belongs to which patient. It raises nothing of its own."""

    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit

    def openid(self, session: Session, patient_id: uuid.UUID) -> str | None:
        """The account that gets notices for this patient, or None. Inside the caller's transaction."""
        bound = self._newest(session, patient_id)
        return self.fields.open_of(bound, "openid_sealed") if bound else None

    def of_openid(self, session: Session, openid_hash: bytes) -> list[WechatAccount]:
        """The bindings of a WeChat user that are not over, the oldest first. Inside the caller's transaction."""
        return [each for each in repo.of_openid(session, openid_hash) if not self.is_outgrown(session, each)]

    def is_outgrown(self, session: Session, account: WechatAccount) -> bool:
        """Whether the person was a child when it was bound, and is none today."""
        ends_at = self.ends_at(session, account)
        return ends_at is not None and ends_at <= self.clock.now()

    def ends_at(self, session: Session, account: WechatAccount) -> datetime | None:
        """The fourteenth birthday of somebody who was bound as a child; None of others.

        The guardian bound a child, whoever held the phone; from that day on the child decides. It is read from the
        registration each time, so that a corrected birth date counts. Raises UnsealError.
        """
        birth_date = self.fields.open_of(repo.registration(session, account.id), "birth_date_sealed")
        return end_of_childhood(birth_date, account.bound_at) if birth_date else None

    def bind(self, session: Session, patient_id: uuid.UUID, openid: str, actor: str) -> uuid.UUID:
        """Bind `openid` to the person of this patient; the id of the account. From now on notices for this person go to
        it alone. When they go to it already, nothing happens."""
        openid_hash = self.hash_of(openid)
        bound = self._newest(session, patient_id)
        if bound is not None and bound.openid_hash == openid_hash:
            return bound.id
        patient = patients.patient(session, patient_id)
        row = WechatAccount(
            id=uuid.uuid4(),
            patient_id=patient_id,
            openid_hash=openid_hash,
            name_hash=patient.name_hash,
            id_number_hash=patient.id_number_hash,
            bound_at=self.clock.now(),
        )
        self.fields.seal_into(row, "openid_sealed", openid)
        repo.add(session, row)
        self.audit.record(session, Action.WECHAT_BOUND, actor=actor, subject=patient_subject(patient_id))
        return row.id

    def _newest(self, session: Session, patient_id: uuid.UUID) -> WechatAccount | None:
        bound = repo.of_patient(session, patient_id)
        return next((each for each in bound if not self.is_outgrown(session, each)), None)

    def hash_of(self, openid: str) -> bytes:
        """As accounts' rows have it."""
        return self.blind.of("wechat.openid", openid)
