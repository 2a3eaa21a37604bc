"""WeChat: who looks at our pages, accounts that were bound to a person, tokens of the official account. Secrets are
sealed."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class WechatToken(Base):
    """A token of the official account that all processes share; `name`: access or jsapi."""

    __tablename__ = "wechat_token"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(8), unique=True)
    value_sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    """When WeChat handed out once more a token that it does not take."""
    leased_until: Mapped[datetime | None]
    """Until then one process asks WeChat, and the others wait."""


class WechatAccount(Base):
    """A WeChat user who proved to be this person. Notices go to the openid.

    The person is whoever is registered with this name and this ID number (hashes as in `Patient`), under whatever
    patient ID, now and later. Without an ID number it is the row `patient_id` alone.
    """

    __tablename__ = "wechat_account"

    id: Mapped[UuidKey]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    """The row that the person proved to be."""
    openid_hash: Mapped[bytes] = mapped_column(index=True)
    openid_sealed: Mapped[bytes]
    name_hash: Mapped[bytes]
    id_number_hash: Mapped[bytes | None] = mapped_column(index=True)
    bound_at: Mapped[datetime]
    unbound_at: Mapped[datetime | None]
    reading: Mapped[str | None] = mapped_column(String(16))
    """How this person wants to read: elder mode and size of letters, as the browser's cookie has it."""


class WechatLogin(Base):
    """One authorisation by WeChat: in the browser with this hash the user of this openid looked at our page.

    `state_hash` is unique: WeChat's browser asks for the callback twice, and only the first may spend a code.
    """

    __tablename__ = "wechat_login"

    id: Mapped[UuidKey]
    state_hash: Mapped[bytes] = mapped_column(unique=True)
    openid_hash: Mapped[bytes | None]
    openid_sealed: Mapped[bytes | None]
    leads_to: Mapped[str] = mapped_column(String(8))
    """A word of the menu: exams, pickup, family or help."""
    is_snapshot: Mapped[bool] = mapped_column(default=False)
    begun_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]


class NoticeSubscription(Base):
    """A WeChat user who opened this exam and wants to be told of it without following us."""

    __tablename__ = "notice_subscription"

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    openid_hash: Mapped[bytes] = mapped_column(index=True)
    openid_sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BindingCode(Base):
    """Digits that bind a WeChat account to a person: sent to the phone on file, or given at the desk.

    kind: `OneTimeCodeKind`. Digits that were sent are good for the openid that asked and the person it named; digits of
    the desk for whoever names that person. `patient_id`: of a person without ID number, whom only the desk can name.
    """

    __tablename__ = "binding_code"
    __table_args__ = (Index("ix_binding_code_name_hash_id_number_hash", "name_hash", "id_number_hash"),)

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(8))
    openid_hash: Mapped[bytes | None]
    name_hash: Mapped[bytes]
    id_number_hash: Mapped[bytes | None]
    patient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patient.id"))
    code_hash: Mapped[bytes]
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    queued_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class BoundDevice(Base):
    """A browser in which a person proved to be the owner of this account. On another one an openid alone opens
    nothing."""

    __tablename__ = "bound_device"
    __table_args__ = (UniqueConstraint("device_hash", "account_id"),)

    id: Mapped[UuidKey]
    device_hash: Mapped[bytes]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("wechat_account.id"), index=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime] = mapped_column(index=True)


class WechatPush(Base):
    """A mark of a push that was taken: of its signature, so that nobody sends it again, or of the message in it."""

    __tablename__ = "wechat_push"

    mark_hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
