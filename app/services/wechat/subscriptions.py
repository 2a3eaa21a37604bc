"""Wishes to be told in WeChat when the report is there, of people who do not follow us.

Who opened the exam wants it, so the wish is of that exam's patient. WeChat asks the user itself; what the user answered
comes as an event, or shows when a notice is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import NoticeSubscription
from app.repos.wechat import subscriptions as repo
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.login import Login
from wechat.errors import CallError
from wechat.page_signature import SignedPage
from wechat.pushes import Answered

log = structlog.get_logger(__name__)

GOOD_FOR = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """Decides who is told without following. `template_id`: of the account's long-term subscription; empty: there is
    none. `sign`: for WeChat's script on a page, by the page's address. It raises nothing of its own."""

    db: Database
    clock: Clock
    fields: FieldSealer
    audit: Audit
    accounts: WechatAccounts
    template_id: str
    sign: Callable[[str], SignedPage] | None

    def wanted(self, login: Login, exam_ids: Sequence[uuid.UUID]) -> None:
        """Tell this WeChat user of these exams. The same wish again changes nothing."""
        with self.db.session() as session:
            for exam_id in exam_ids:
                if repo.live(session, exam_id, login.openid_hash) is None:
                    self._add(session, login, exam_id)

    def signed(self, url: str) -> SignedPage | None:
        """What WeChat's script on the page at this address needs; None while WeChat does not answer."""
        try:
            return self.sign(url) if self.sign else None
        except CallError as error:
            log.warning("WeChat gives no ticket for its script", failure_code=error.code)
            return None

    def openid(self, session: Session, patient_id: uuid.UUID) -> str | None:
        """Who wants to be told of this patient's exams, or None. Inside the caller's transaction."""
        if not self.template_id:
            return None
        row = repo.newest_of_patient(session, patient_id, self.clock.now() - GOOD_FOR)
        return self.fields.open_of(row, "openid_sealed") if row else None

    def answered(self, openid: str, answers: Sequence[Answered]) -> None:
        """What a user answered WeChat: who refuses is not asked for again."""
        if any(each.template_id == self.template_id and not each.accepts for each in answers):
            with self.db.session() as session:
                repo.end_of(session, self.accounts.hash_of(openid), self.clock.now())

    def _add(self, session: Session, login: Login, exam_id: uuid.UUID) -> None:
        row = NoticeSubscription(
            id=uuid.uuid4(), exam_id=exam_id, openid_hash=login.openid_hash, created_at=self.clock.now()
        )
        self.fields.seal_into(row, "openid_sealed", login.openid)
        repo.add(session, row)
        self.audit.record(session, Action.NOTICE_WANTED, actor="patient", subject=exam_subject(exam_id))
