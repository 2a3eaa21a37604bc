"""Is this study's patient the registered one? Normal forms and comparisons; conservative: doubt is a mismatch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.dicom.header_fields import HeaderIdentity
from app.dicom.person_names import is_chinese
from app.identity.names import normal_id, normal_name, readings


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

    Names agree when any two groups do, letters also with a Chinese name they are a reading of: within one study some
    devices write the name in characters and others in pinyin.
    """
    if one == other:
        return False  # nearly always, and the readings of a name take long
    pairs = (
        (normal_id(one.patient_id), normal_id(other.patient_id)),
        (one.sex, other.sex),
        (one.birth_date, other.birth_date),
        (_forms(one.names), _forms(other.names)),
    )
    return any(mine and theirs and not _agree(mine, theirs) for mine, theirs in pairs)


def _forms(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(form for name in names for form in (normal_name(name), *readings(name)) if form)


def _agree(mine: str | frozenset[str], theirs: str | frozenset[str]) -> bool:
    if isinstance(mine, frozenset) and isinstance(theirs, frozenset):
        return not mine.isdisjoint(theirs)
    return mine == theirs


def _same_name(groups: tuple[str, ...], registered: str) -> bool:
    """Any group equal to the registered name; a group in Chinese script that differs is never outvoted by letters.

    Letters alone match a Chinese name when they are one of its readings: devices without Chinese fonts send pinyin.
    """
    wanted = normal_name(registered)
    given = [normal_name(group) for group in groups if normal_name(group)]
    chinese = [name for name in given if is_chinese(name)]
    if chinese and is_chinese(wanted):
        return wanted in chinese
    return wanted in given or bool(readings(registered) & set(given))
