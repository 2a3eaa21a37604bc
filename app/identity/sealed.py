"""Seals a header's identity for the database, and opens it again. The cipher is in app/security/fields."""

from __future__ import annotations

import json
from dataclasses import asdict

from app.dicom.header_fields import HeaderIdentity
from app.security.fields import FieldSealer

CONTEXT = "study.identity"


def seal_identity(fields: FieldSealer, identity: HeaderIdentity) -> bytes:
    return fields.seal(json.dumps(asdict(identity), ensure_ascii=False), CONTEXT)


def open_identity(fields: FieldSealer, sealed: bytes) -> HeaderIdentity:
    plain = json.loads(fields.open(sealed, CONTEXT))
    return HeaderIdentity(plain["patient_id"], tuple(plain["names"]), plain["sex"], plain["birth_date"])
