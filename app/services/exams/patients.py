"""Patients as the RIS names them: the row of an identity, its corrections, and its view in clear text. Exams are in
`registration`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.clock import Clock
from app.identity.matching import PatientField
from app.identity.names import normal_id, normal_name, search_tokens
from app.identity.numbers import number_of_today
from app.models import Patient
from app.repos.exams import exams as repo
from app.repos.exams import patients, search_keys
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import patient_subject
from app.services.exams.input import PatientInput


@dataclass(frozen=True)
class PatientView(PatientInput):
    """A patient in clear text, as the RIS sent it last. Only for callers that were checked before."""

    id: uuid.UUID


@dataclass(frozen=True, kw_only=True)
class Patients:
    """Decides which row belongs to a patient that the RIS sends. Every method works inside the caller's transaction and
    raises nothing of its own."""

    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit

    def row_of(self, session: Session, given: PatientInput, actor: str) -> tuple[Patient, bool]:
        """The row of this identity, and whether the phone number of a known patient changed. A new identity gets a new
        row. Phone number and spelling may change while the person stays the same; that change is audited."""
        identity = self._identity(given)
        row = patients.patient_by_identity(session, identity)
        if row is None:
            return self._new(session, given, identity), False
        corrected = [name for name in ("patient_id", "name", "phone") if self._take(row, name, getattr(given, name))]
        if corrected:
            self._corrected(session, row, corrected, actor)
            if "name" in corrected:
                self._index_name(session, row, given.name)
        return row, "phone" in corrected

    def _corrected(self, session: Session, row: Patient, fields: list[str], actor: str) -> None:
        row.updated_at = self.clock.now()
        session.flush()
        search_keys.outdate(session, row.id)
        subject = patient_subject(row.id)
        self.audit.record(session, Action.PATIENT_CORRECTED, actor=actor, subject=subject, fields=fields)

    def correct_phone(self, session: Session, row: Patient, phone: str, actor: str) -> bool:
        """Give a known patient another number (E.164); False when it is the one on file."""
        if not self._take(row, "phone", phone):
            return False
        self._corrected(session, row, ["phone"], actor)
        return True

    def with_what_is_on_file(
        self, session: Session, given: PatientInput, unusable: Collection[str], former: Patient | None
    ) -> PatientInput:
        """`given`, with each unusable field replaced by the value on file of the same person.

        `former`: the exam's patient until now, None for a new exam.
        """
        if not unusable:
            return given
        same = former if former is not None and self._is_named(former, given) else None
        if PatientField.ID_NUMBER in unusable and same is not None:
            given = replace(given, id_number=self.view(same).id_number)
        if PatientField.PHONE in unusable:
            row = patients.patient_by_identity(session, self._identity(given))
            if row is None and same is not None and same.id_number_hash is None:
                row = same  # the same person, whose ID number was not known before
            given = replace(given, phone=self.view(row).phone if row is not None else None)
        return given

    def _is_named(self, row: Patient, given: PatientInput) -> bool:
        """Whether both are the same person, by everything but the ID number."""
        on_file = self.view(row)
        return (normal_id(on_file.patient_id), normal_name(on_file.name), on_file.sex, on_file.birth_date) == (
            normal_id(given.patient_id),
            normal_name(given.name),
            given.sex,
            given.birth_date,
        )

    def _identity(self, given: PatientInput) -> bytes:
        parts = (
            normal_id(given.patient_id),
            normal_name(given.name),
            given.sex,
            given.birth_date,
            given.id_number or "",
        )
        return self.blind.of("patient.identity", json.dumps(parts, ensure_ascii=False))

    def view(self, row: Patient) -> PatientView:
        return PatientView(
            id=row.id,
            patient_id=self.fields.open_of(row, "patient_id_sealed"),
            name=self.fields.open_of(row, "name_sealed"),
            phone=self.fields.open_of(row, "phone_sealed") if row.phone_sealed else None,
            id_number=self.fields.open_of(row, "id_number_sealed") if row.id_number_sealed else None,
            birth_date=self.fields.open_of(row, "birth_date_sealed"),
            sex=row.sex,
        )

    def is_completed(self, former: Patient, now: Patient) -> bool:
        """The same person, of whom only the ID number was not known before, or was that of the first generation."""
        before, after = self.view(former), self.view(now)
        if after.id_number is None or number_of_today(before.id_number or after.id_number) != after.id_number:
            return False
        same = ("patient_id_hash", "name_hash", "sex")
        return before.birth_date == after.birth_date and all(
            getattr(former, name) == getattr(now, name) for name in same
        )

    def _take(self, row: Patient, name: str, text: str | None) -> bool:
        """Seal a new spelling or phone number; False when it is the value on file already."""
        column = f"{name}_sealed"
        if (self.fields.open_of(row, column) if getattr(row, column) else None) == text:
            return False
        if text:
            self.fields.seal_into(row, column, text)
        else:
            setattr(row, column, None)
        if name == "phone":
            row.phone_hash = self.blind.of("patient.phone", text) if text else None
        return True

    def _new(self, session: Session, given: PatientInput, identity: bytes) -> Patient:
        now = self.clock.now()
        row = Patient(
            id=uuid.uuid4(),
            identity_hash=identity,
            patient_id_hash=self.blind.of("patient.patient_id", normal_id(given.patient_id)),
            name_hash=self.blind.of("patient.name", normal_name(given.name)),
            sex=given.sex,
            created_at=now,
            updated_at=now,
        )
        for name in ("patient_id", "name", "birth_date"):
            self.fields.seal_into(row, f"{name}_sealed", getattr(given, name))
        if given.phone:
            self._take(row, "phone", given.phone)
        if given.id_number:
            row.id_number_hash = self.blind.of("patient.id_number", given.id_number)
            self.fields.seal_into(row, "id_number_sealed", given.id_number)
        repo.add(session, row)
        self._index_name(session, row, given.name)
        return row

    def _index_name(self, session: Session, row: Patient, name: str) -> None:
        tokens = {self.blind.of("patient.name_token", token) for token in search_tokens(name)}
        patients.replace_tokens(session, row.id, tokens)
