"""What is kept of a person, for the page "my information", which masks it: somebody may look over the shoulder."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from app.database import Database
from app.repos.data_requests import requests as repo
from app.repos.wechat import accounts
from app.security.fields import FieldSealer
from app.services.audit.refused_fields import FieldReader, RefusedFields
from sms.phone import mask


@dataclass(frozen=True)
class Registration:
    """One registration of the person. A field is None when it is not known or does not open. `id_number` is whole: the
    page masks it."""

    name: str | None = field(repr=False)
    phone_masked: str | None
    id_number: str | None = field(repr=False)
    birth_date: str | None = field(repr=False)


@dataclass(frozen=True)
class ConsentView:
    version: str
    agreed_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class KeptData:
    registrations: tuple[Registration, ...]
    consents: tuple[ConsentView, ...]
    wechat_bound_at: tuple[datetime, ...]
    """When each WeChat account was bound that still is."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Shows what is there. Nothing is changed, and nothing is raised."""

    db: Database
    fields: FieldSealer
    refused: RefusedFields

    def of(self, patient_ids: Collection[uuid.UUID]) -> KeptData:
        reader = FieldReader(self.fields)
        with self.db.read() as session:
            rows = repo.patients(session, patient_ids)
            bound = {account.id: account.bound_at for row in rows for account in accounts.of_patient(session, row.id)}
            registrations = tuple(
                Registration(
                    name=reader.open_of(row, "name_sealed"),
                    phone_masked=mask(phone) if (phone := reader.open_of(row, "phone_sealed")) else None,
                    id_number=reader.open_of(row, "id_number_sealed"),
                    birth_date=reader.open_of(row, "birth_date_sealed"),
                )
                for row in rows
            )
            consents = repo.consents(session, patient_ids)
        self.refused.record_all(reader.refused)
        return KeptData(
            registrations=registrations,
            consents=tuple(ConsentView(row.version, row.agreed_at, row.withdrawn_at) for row in consents),
            wechat_bound_at=tuple(sorted(bound.values())),
        )
