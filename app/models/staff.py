"""Tables of staff, staff sessions, and machines' bearer tokens. Roles and scopes are in app/security/permissions."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class StaffUser(Base):
    """role: `Role` of app/security/permissions.py. Failed logins are counted in `access_attempts`."""

    __tablename__ = "staff_user"

    id: Mapped[UuidKey]
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    totp_sealed: Mapped[bytes]
    totp_last_step: Mapped[int | None]
    """Last accepted TOTP time step, so that a code works only once (RFC 6238 5.2)."""
    role: Mapped[str] = mapped_column(String(16))
    password_changed_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StaffSession(Base):
    __tablename__ = "staff_session"

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff_user.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class MachineToken(Base):
    """Bearer token of a system. scopes: values of `Scope` in app/security/permissions.py, separated by spaces."""

    __tablename__ = "machine_token"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
