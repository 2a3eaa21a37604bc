"""Seals a header's identity for the database, and opens it again. The cipher is in app/security/fields."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import Protocol

from app.dicom.header_fields import HeaderIdentity
from app.security.fields import FieldSealer, Place


class WithIdentity(Protocol):
    """A row of the table of studies, or the part of one that holds these."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def identity_sealed(self) -> bytes: ...


def seal_identity(fields: FieldSealer, identity: HeaderIdentity, study_id: uuid.UUID) -> bytes:
    return fields.seal(json.dumps(asdict(identity), ensure_ascii=False), _place(study_id))


def open_identity(fields: FieldSealer, study: WithIdentity) -> HeaderIdentity:
    """Raises FieldRefused when it was not sealed for this study."""
    plain = json.loads(fields.open(study.identity_sealed, _place(study.id)))
    return HeaderIdentity(plain["patient_id"], tuple(plain["names"]), plain["sex"], plain["birth_date"])


def _place(study_id: uuid.UUID) -> Place:
    return Place("study", "identity_sealed", study_id)
