"""The code that a message carries. It is stored nowhere, so it is derived again for sending. Codes are issued in
services/patient_access."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.models import FailureCode, Notification
from app.repos.notifications import outbox as repo
from app.security.codes import Codes
from app.services.channels.channel import CannotBeMade
from app.services.patient_access.codes import AccessCodes


@dataclass(frozen=True, kw_only=True)
class CarriedCodes:
    """Decides nothing: it derives the code of a message. Raises CannotBeMade."""

    codes: Codes
    access_codes: AccessCodes

    def code_in(self, session: Session, row: Notification) -> str:
        """The one-time code, pick-up code or long code of a row. Raises CannotBeMade."""
        if row.one_time_code_id is not None:
            return self.codes.one_time_code(row.one_time_code_id.bytes)
        code = repo.access_code(session, row.access_code_id) if row.access_code_id else None
        if code is None:
            raise CannotBeMade(FailureCode.CODE_IS_GONE)
        return self.access_codes.code_of(code)
