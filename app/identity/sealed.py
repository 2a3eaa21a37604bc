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
    return fields.seal(_text(identity), _place(study_id))


def open_identity(fields: FieldSealer, study: WithIdentity) -> HeaderIdentity:
    """Raises FieldRefused when it was not sealed for this study."""
    return _identity(fields.open(study.identity_sealed, _place(study.id)))


def seal_corrected(fields: FieldSealer, identity: HeaderIdentity, instance_id: uuid.UUID) -> bytes:
    """Whom the corrected header of an instance names."""
    return fields.seal(_text(identity), _place_of_corrected(instance_id))


def open_corrected(fields: FieldSealer, sealed: bytes, instance_id: uuid.UUID) -> HeaderIdentity:
    """Raises FieldRefused when it was not sealed for this instance."""
    return _identity(fields.open(sealed, _place_of_corrected(instance_id)))


def _text(identity: HeaderIdentity) -> str:
    return json.dumps(asdict(identity), ensure_ascii=False)


def _identity(text: str) -> HeaderIdentity:
    plain = json.loads(text)
    referring = plain.get("referring_physician")  # rows from before it was kept do not have it
    return HeaderIdentity(
        plain["patient_id"],
        tuple(plain["names"]),
        plain["sex"],
        plain["birth_date"],
        None if referring is None else tuple(referring),
    )


def _place_of_corrected(instance_id: uuid.UUID) -> Place:
    return Place("instance", "corrected_identity_sealed", instance_id)


def _place(study_id: uuid.UUID) -> Place:
    return Place("study", "identity_sealed", study_id)
