"""Login by WeChat: asks WeChat who looks in this browser, and takes the answer once. It opens nothing.

WeChat's browser asks for the callback twice in a second, with one state and two codes, and the Back button asks for it
again with a code that is spent. So a state is good once, but its own browser gets the same answer for two minutes.
How often WeChat is asked is bounded in `bounded_asking`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import structlog

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, NotAnswered
from app.models import WechatLogin as LoginRow
from app.repos.wechat import logins as repo
from app.security.codes import Codes
from app.security.fields import FieldSealer
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import NO_WECHAT_USER
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.bounded_asking import BoundedAsking
from app.services.wechat.states import LeadsTo, LoginStates
from wechat.errors import CallError, CodeSpent
from wechat.oauth import Looker

log = structlog.get_logger(__name__)

REFUSED = Action.WECHAT_LOGIN_REFUSED
SAME_ANSWER = timedelta(minutes=2)
LOGIN_LIFETIME = timedelta(minutes=30)
"""So long a person may take to be bound after it."""
PATIENCE_S, POLL_S = 6.0, 0.1
"""How long a second callback waits for the first."""


class Refusal(StrEnum):
    """Why a login is refused, for the audit log."""

    STATE = "state"
    CODE = "code"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Login:
    """`openid_hash`: as in accounts' rows."""

    id: uuid.UUID
    leads_to: LeadsTo
    openid_hash: bytes
    openid: str = field(repr=False)


@dataclass(frozen=True)
class Again:
    """The login begins once more, and nobody notices. `is_second`: the code was spent; another spent one is refused."""

    leads_to: LeadsTo
    is_second: bool


class Snapshot:
    """The user looks at a snapshot page, whose openid is nobody's."""


Finished = uuid.UUID | Again | Snapshot
"""The id of the login, or what comes in its place."""


@dataclass(frozen=True, kw_only=True)
class WechatLogin:
    """Decides whether WeChat's answer names who looks in this browser. `exchange`: asks WeChat about a code. Raises
    AccessRefused, NotAnswered."""

    db: Database
    clock: Clock
    codes: Codes
    fields: FieldSealer
    audit: Audit
    refusals: CountedRefusals
    accounts: WechatAccounts
    asking: BoundedAsking
    states: LoginStates
    authorize_url: Callable[[str], str]
    exchange: Callable[[str], Looker]

    def address(self, leads_to: LeadsTo, browser: str, *, is_second: bool = False) -> str:
        """Where the browser asks WeChat who looks."""
        return self.authorize_url(self.states.issue(leads_to, browser, self.clock.now(), is_second=is_second))

    def finish(self, code: str, state: str, browser: str, address: str, device: str | None = None) -> Finished:
        """Take WeChat's answer. `device`: the token of a browser that was let in before. Raises AccessRefused for a
        state of another browser, NotAnswered."""
        said = self.states.read(state, browser, self.clock.now()) if browser else None
        if said is None:
            self._refuse(Refusal.STATE, address)
            raise AccessRefused
        state_hash = self.codes.hash("wechat-state", state)
        row = LoginRow(id=uuid.uuid4(), state_hash=state_hash, leads_to=said.leads_to, begun_at=self.clock.now())
        with self.db.session() as session:
            is_first = repo.claim(session, row)
            if is_first and not self.asking.claim(session, address, device, self.clock.now()):
                raise NotAnswered("WeChat was asked too often")  # the state is not used up
        if not is_first:
            return self._same_answer(state_hash, said.leads_to)
        try:
            looker = self.exchange(code)
        except CodeSpent:
            self._forget(row.id)
            if said.is_second:
                self._refuse(Refusal.CODE, address)
                raise AccessRefused from None
            return Again(said.leads_to, is_second=True)
        except CallError as error:
            self._forget(row.id)
            log.warning("WeChat does not say who looks", failure_code=error.code)
            raise NotAnswered("WeChat does not say who looks") from None
        self._keep(row, looker)
        return Snapshot() if looker.is_snapshot else row.id

    def of(self, login_id: uuid.UUID) -> Login | None:
        """A login that a person may still go on with."""
        with self.db.read() as session:
            row = repo.by_id(session, login_id)
        if row is None or row.openid_sealed is None or row.openid_hash is None or row.is_snapshot:
            return None
        if not timedelta(0) <= self.clock.now() - row.begun_at < LOGIN_LIFETIME:
            return None
        openid = self.fields.open_of(row, "openid_sealed")
        return Login(row.id, LeadsTo(row.leads_to), row.openid_hash, openid)

    def _same_answer(self, state_hash: bytes, leads_to: LeadsTo) -> Finished:
        """For a callback that comes again: no code is spent. Later than two minutes the login begins anew."""
        until = time.monotonic() + PATIENCE_S
        while True:
            with self.db.read() as session:
                row = repo.of_state(session, state_hash)
            if row is None or self.clock.now() - row.begun_at > SAME_ANSWER or time.monotonic() > until:
                return Again(leads_to, is_second=False)
            if row.is_snapshot:
                return Snapshot()
            if row.finished_at is not None:
                return row.id
            time.sleep(POLL_S)

    def _keep(self, row: LoginRow, looker: Looker) -> None:
        """Of a snapshot no openid is kept: it is nobody's."""
        now = self.clock.now()
        with self.db.session() as session:
            if looker.is_snapshot:
                repo.finish(session, row.id, is_snapshot=True, finished_at=now)
                self.audit.record(session, REFUSED, actor="patient", subject=NO_WECHAT_USER, reason=Refusal.SNAPSHOT)
                return
            self.fields.seal_into(row, "openid_sealed", looker.openid)
            openid_hash = self.accounts.hash_of(looker.openid)
            sealed = row.openid_sealed
            repo.finish(session, row.id, openid_hash=openid_hash, openid_sealed=sealed, finished_at=now)

    def _forget(self, login_id: uuid.UUID) -> None:
        with self.db.session() as session:
            repo.forget(session, login_id)

    def _refuse(self, reason: Refusal, address: str) -> None:
        """Anybody may ask for the callback as often as they like."""
        self.refusals.record(REFUSED, actor="patient", subject=NO_WECHAT_USER, reason=reason, address=address)
