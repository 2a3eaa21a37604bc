"""Patients as the RIS names them: the row of an identity, what of it may be corrected, and its clear view."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Patient
from app.repos import exams as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit import Action, Audit
from app.services.exam_input import PatientInput
from app.services.identity import normal_id, normal_name, search_tokens


@dataclass(frozen=True)
class PatientView:
    """A patient in clear; only for those who were let in."""

    id: uuid.UUID
    patient_id: str
    name: str
    phone: str | None
    id_number: str | None
    birth_date: str
    sex: str


@dataclass(frozen=True)
class Patients:
    """Every method works inside the caller's transaction."""

    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit

    def row_of(self, session: Session, given: PatientInput, actor: str) -> tuple[Patient, bool]:
        """The row of this identity, made when it is new, and whether a known one's phone number is another now.
        Phone number and spelling may change without making another person; that is audited."""
        parts = (
            normal_id(given.patient_id), normal_name(given.name), given.sex, given.birth_date, given.id_number or ""
        )  # fmt: skip
        identity = self.blind.of("patient.identity", json.dumps(parts, ensure_ascii=False))
        row = repo.patient_by_identity(session, identity)
        if row is None:
            return self._new(session, given, identity), False
        corrected = [name for name in ("patient_id", "name", "phone") if self._take(row, name, getattr(given, name))]
        if corrected:
            row.updated_at = self.clock.now()
            session.flush()
            if "name" in corrected:
                self._index_name(session, row, given.name)
            subject = f"patient:{row.id.hex}"
            self.audit.record(session, Action.PATIENT_CORRECTED, actor=actor, subject=subject, fields=corrected)
        return row, "phone" in corrected

    def view(self, row: Patient) -> PatientView:
        return PatientView(
            id=row.id,
            patient_id=self.fields.open(row.patient_id_sealed, "patient.patient_id"),
            name=self.fields.open(row.name_sealed, "patient.name"),
            phone=self.fields.open(row.phone_sealed, "patient.phone") if row.phone_sealed else None,
            id_number=self.fields.open(row.id_number_sealed, "patient.id_number") if row.id_number_sealed else None,
            birth_date=self.fields.open(row.birth_date_sealed, "patient.birth_date"),
            sex=row.sex,
        )

    def is_completed(self, former: Patient, now: Patient) -> bool:
        """The same person, of whom only the ID number was not known before."""
        if former.id_number_hash is not None or now.id_number_hash is None:
            return False
        same = ("patient_id_hash", "name_hash", "sex")
        return all(getattr(former, name) == getattr(now, name) for name in same) and (
            self.view(former).birth_date == self.view(now).birth_date
        )

    def _take(self, row: Patient, name: str, text: str | None) -> bool:
        """Seal another spelling or phone number; False when it is the one on file."""
        context = f"patient.{name}"
        sealed: bytes | None = getattr(row, f"{name}_sealed")
        if (self.fields.open(sealed, context) if sealed else None) == text:
            return False
        setattr(row, f"{name}_sealed", self.fields.seal(text, context) if text else None)
        if name == "phone":
            row.phone_hash = self.blind.of(context, text) if text else None
        return True

    def _new(self, session: Session, given: PatientInput, identity: bytes) -> Patient:
        now = self.clock.now()
        row = Patient(
            identity_hash=identity,
            patient_id_hash=self.blind.of("patient.patient_id", normal_id(given.patient_id)),
            patient_id_sealed=self.fields.seal(given.patient_id, "patient.patient_id"),
            name_hash=self.blind.of("patient.name", normal_name(given.name)),
            name_sealed=self.fields.seal(given.name, "patient.name"),
            birth_date_sealed=self.fields.seal(given.birth_date, "patient.birth_date"),
            sex=given.sex,
            created_at=now,
            updated_at=now,
        )
        if given.phone:
            self._take(row, "phone", given.phone)
        if given.id_number:
            row.id_number_hash = self.blind.of("patient.id_number", given.id_number)
            row.id_number_sealed = self.fields.seal(given.id_number, "patient.id_number")
        repo.add(session, row)
        self._index_name(session, row, given.name)
        return row

    def _index_name(self, session: Session, row: Patient, name: str) -> None:
        tokens = {self.blind.of("patient.name_token", token) for token in search_tokens(name)}
        repo.replace_tokens(session, row.id, tokens)
