"""Is this study's patient the registered one? Normal forms and comparisons; conservative: doubt is a mismatch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.dicom.header_fields import HeaderIdentity
from app.dicom.person_names import is_chinese
from app.dicom.private_characters import with_public_codes
from app.identity.letters import folded, may_be_written, ways_to_write
from app.identity.names import family_name, normal_id, normal_name


class PatientField(StrEnum):
    """What of a patient can differ, or be given in a way nobody can use."""

    PATIENT_ID = "patient_id"
    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    PHONE = "phone"
    ID_NUMBER = "id_number"


@dataclass(frozen=True)
class RegisteredIdentity:
    """Who the RIS says it is. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str


def differences(
    header: HeaderIdentity, registered: RegisteredIdentity, *, empty_matches: bool = False
) -> list[PatientField]:
    """The fields that differ, empty when it is the same person.

    An empty header field is a difference unless `empty_matches` (the demo's own data); the patient ID always counts.
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
    """Two headers of one study name different people: something is given in both and differs.

    Within one study some devices write the name in characters and others in letters.
    """
    if one == other:
        return False  # nearly always
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
    """Any group equal to the registered name; a group in Chinese script that differs is never outvoted by letters.

    Letters alone match a Chinese name when they are one of its readings: devices without Chinese fonts send pinyin.
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
