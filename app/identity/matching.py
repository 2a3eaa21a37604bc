"""Is the patient of a study the registered patient? In doubt the answer is no. Normal forms are in `names`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.dicom.header_fields import HeaderIdentity
from app.dicom.person_names import is_chinese
from app.dicom.private_characters import with_public_codes
from app.identity.letters import folded, may_be_written, ways_to_write
from app.identity.names import family_name, normal_id, normal_name


class PatientField(StrEnum):
    """A field of a patient that can differ, or that can have an unusable value."""

    PATIENT_ID = "patient_id"
    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    PHONE = "phone"
    ID_NUMBER = "id_number"


@dataclass(frozen=True)
class RegisteredIdentity:
    """The patient as the RIS registered them. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str


def differences(
    header: HeaderIdentity, registered: RegisteredIdentity, *, empty_matches: bool = False
) -> list[PatientField]:
    """The fields that differ; an empty list means the same person.

    An empty header field is a difference, unless `empty_matches` is set (for the demo's data). An empty patient ID is
    always a difference from a registered one.
    """
    found = []
    if normal_id(header.patient_id) != normal_id(registered.patient_id):
        found.append(PatientField.PATIENT_ID)
    if not _same_name(header.names, registered.name) and not (
        empty_matches and not any(normal_name(name) for name in header.names)
    ):
        found.append(PatientField.NAME)
    if header.sex != registered.sex and not (empty_matches and not header.sex):
        found.append(PatientField.SEX)
    if header.birth_date != registered.birth_date.replace("-", "") and not (empty_matches and not header.birth_date):
        found.append(PatientField.BIRTH_DATE)
    return found


def contradict(one: HeaderIdentity, other: HeaderIdentity) -> bool:
    """Whether two headers of one study name different people: a field has a value in both, and the values differ.

    Within one study some devices write the name in characters and others in letters.
    """
    if one == other:
        return False  # the usual case
    pairs = (
        (normal_id(one.patient_id), normal_id(other.patient_id)),
        (one.sex, other.sex),
        (one.birth_date, other.birth_date),
    )
    return any(mine and theirs and mine != theirs for mine, theirs in pairs) or _names_contradict(one, other)


def _names_contradict(one: HeaderIdentity, other: HeaderIdentity) -> bool:
    mine, theirs = _given(one.names), _given(other.names)
    if not mine or not theirs:
        return False
    if any(map(is_chinese, mine)) and any(map(is_chinese, theirs)):
        return not _chinese(mine) & _chinese(theirs)
    return not any(_agree(name, group) for name in mine for group in theirs)


def _same_name(groups: tuple[str, ...], registered: str) -> bool:
    """Whether a group of the name equals the registered name.

    When the header and the registered name are both in Chinese script, a group in letters does not count. Letters alone
    match a Chinese name when they are one of its readings: devices without Chinese fonts send pinyin.
    """
    given = _given(groups)
    if is_chinese(registered) and any(map(is_chinese, given)):
        return bool(_chinese([registered]) & _chinese(given))
    return any(_agree(registered, group) for group in given if not is_chinese(group))


def _agree(one: str, other: str) -> bool:
    """Two names of which at most one is in Chinese script."""
    if is_chinese(one) or is_chinese(other):
        chinese, letters = (one, other) if is_chinese(one) else (other, one)
        name = _normal(chinese)
        return name == _normal(letters) or may_be_written(name, family_name(name), folded(letters))
    return _normal(one) == _normal(other) or bool(ways_to_write(one) & ways_to_write(other))


def _given(groups: tuple[str, ...]) -> list[str]:
    return [group for group in groups if normal_name(group)]


def _chinese(groups: list[str]) -> set[str]:
    return {_normal(group) for group in groups if is_chinese(group)}


def _normal(name: str) -> str:
    return normal_name(with_public_codes(name))
