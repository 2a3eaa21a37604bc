"""Which WeChat account belongs to which patient. The caller checks that the person is the patient."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import WechatAccount
from app.repos.wechat import accounts as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import patient_subject

OPENID_CONTEXT = "wechat_account.openid"


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
        return self.fields.open(bound.openid_sealed, OPENID_CONTEXT) if bound else None

    def bind(self, session: Session, patient_id: uuid.UUID, openid: str, actor: str) -> None:
        """Bind `openid`: from now on notices for this patient go to it alone. When they go to it already, nothing
        happens."""
        openid_hash = self.blind.of("wechat.openid", openid)
        bound = repo.wechat_account(session, patient_id)
        if bound is not None and bound.openid_hash == openid_hash:
            return
        row = WechatAccount(
            id=uuid.uuid4(),
            patient_id=patient_id,
            openid_hash=openid_hash,
            openid_sealed=self.fields.seal(openid, OPENID_CONTEXT),
            bound_at=self.clock.now(),
        )
        repo.add(session, row)
        self.audit.record(session, Action.WECHAT_BOUND, actor=actor, subject=patient_subject(patient_id))
