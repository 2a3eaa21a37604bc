"""Opens the exams of a bound person in a browser that was proved before; ends a binding. `binding` begins it."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models import BoundDevice, PatientSession, WechatAccount
from app.repos.binding import devices as repo
from app.repos.patient_access import sessions as session_repo
from app.repos.wechat import accounts as account_repo
from app.security.codes import Codes
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import patient_subject
from app.services.patient_access.opening import Factor
from app.services.session_times import SESSION_LIFETIME
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.login import Login


@dataclass(frozen=True)
class Entered:
    """`device`: the token for the device cookie, 256 bits. `reading`: how the person reads, if that was said."""

    sessions: tuple[uuid.UUID, ...]
    device: str
    reading: str | None


@dataclass(frozen=True, kw_only=True)
class Entering:
    """Decides whether an openid opens anything in this browser. Raises NotFound."""

    db: Database
    clock: Clock
    codes: Codes
    audit: Audit
    accounts: WechatAccounts

    def is_bound(self, login: Login) -> bool:
        with self.db.read() as session:
            return bool(self.accounts.of_openid(session, login.openid_hash))

    def enter(self, login: Login, device: str | None) -> Entered | None:
        """A session for each person that this openid is bound to, in a browser that was proved before. None in any
        other: an openid alone opens nothing."""
        if device is None:
            return None
        with self.db.session() as session:
            now, device_hash = self.clock.now(), self.codes.hash("device", device)
            opened, reading = [], None
            self.end_outgrown(session, login)
            for account in account_repo.of_openid(session, login.openid_hash):
                known = repo.device(session, device_hash, account.id)
                if known is not None:
                    known.last_used_at = now
                    opened.append(self.begin(session, account, now))
                    reading = reading or account.reading
        return Entered(tuple(opened), device, reading) if opened else None

    def begin(self, session: Session, account: WechatAccount, now: datetime) -> uuid.UUID:
        """A new session of the person of an account, inside the caller's transaction. It does not outlive the
        childhood of who was bound as a child."""
        ends_at = self.accounts.ends_at(session, account)
        latest = now + SESSION_LIFETIME
        row = PatientSession(
            name_hash=account.name_hash,
            id_number_hash=account.id_number_hash,
            patient_id=account.patient_id if account.id_number_hash is None else None,
            account_id=account.id,
            created_at=now,
            last_seen_at=now,
            expires_at=min(latest, ends_at) if ends_at else latest,
        )
        repo.add(session, row)
        actor, subject = f"patient-session:{row.id.hex}", patient_subject(account.patient_id)
        self.audit.record(session, Action.ACCESS_GRANTED, actor=actor, subject=subject, by=Factor.WECHAT)
        return row.id

    def enter_proved(
        self, session: Session, login: Login, proved: WechatAccount, device: str | None, now: datetime, *, is_new: bool
    ) -> Entered:
        """Remember this browser for the binding that was just proved, and open it.

        Whoever is proved by a binding that was there before (not `is_new`) is the owner of the openid: its other
        bindings open, too. Who is new to the openid proves nothing of the others: they open where this browser knows
        them. Inside the caller's transaction. A token of the browser that we never gave is replaced.
        """
        given = self.codes.hash("device", device or "")
        is_ours = repo.is_bound_device(session, given) or session_repo.is_known_device(session, given)
        token = device if device and is_ours else secrets.token_urlsafe(32)
        opened, reading = [], None
        device_hash = self.codes.hash("device", token)
        for account in self.accounts.of_openid(session, login.openid_hash):
            if is_new and account.id != proved.id and repo.device(session, device_hash, account.id) is None:
                continue
            self._remember(session, account.id, device_hash, now)
            opened.append(self.begin(session, account, now))
            reading = reading or account.reading
        return Entered(tuple(opened), token, reading)

    def _remember(self, session: Session, account_id: uuid.UUID, device_hash: bytes, now: datetime) -> None:
        known = repo.device(session, device_hash, account_id)
        if known is None:
            row = BoundDevice(device_hash=device_hash, account_id=account_id, created_at=now, last_used_at=now)
            repo.add(session, row)
        else:
            known.last_used_at = now

    def unbind(self, account_id: uuid.UUID, actor: str) -> None:
        """End a binding with its sessions and browsers. Raises NotFound when it is over already."""
        with self.db.session() as session:
            account = account_repo.live(session, account_id)
            if account is None:
                raise NotFound
            self.end(session, account, actor)

    def unbind_all(self, session: Session, patient_id: uuid.UUID, actor: str) -> int:
        """End every binding of the person of this patient, inside the caller's transaction; how many there were."""
        accounts = account_repo.of_patient(session, patient_id)
        for account in accounts:
            self.end(session, account, actor)
        return len(accounts)

    def end_outgrown(self, session: Session, login: Login) -> None:
        """End the bindings of children who are 14 by now, inside the caller's transaction."""
        for account in account_repo.of_openid(session, login.openid_hash):
            if self.accounts.is_outgrown(session, account):
                self.end(session, account, "system")

    def end(self, session: Session, account: WechatAccount, actor: str) -> None:
        """End one binding with its sessions and browsers, inside the caller's transaction."""
        now = self.clock.now()
        account_repo.unbind(session, account.id, now)
        repo.forget(session, account.id)
        sessions = repo.end_sessions(session, account.id, now)
        subject = patient_subject(account.patient_id)
        self.audit.record(session, Action.WECHAT_UNBOUND, actor=actor, subject=subject, sessions=sessions)
