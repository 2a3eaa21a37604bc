"""Which WeChat account belongs to which patient. The caller checks that the person is the patient."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
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
        bound = repo.wechat_account(session, patient_id)
        return self.fields.open_of(bound, "openid_sealed") if bound else None

    def bind(self, session: Session, patient_id: uuid.UUID, openid: str, actor: str) -> uuid.UUID:
        """Bind `openid` to the person of this patient; the id of the account. From now on notices for this person go to
        it alone. When they go to it already, nothing happens."""
        openid_hash = self.hash_of(openid)
        bound = repo.wechat_account(session, patient_id)
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

    def hash_of(self, openid: str) -> bytes:
        """As accounts' rows have it."""
        return self.blind.of("wechat.openid", openid)
