"""Is the patient of a study the registered patient? In doubt the answer is no. Normal forms are in `names`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.dicom.header_fields import HeaderIdentity
from app.dicom.person_names import is_chinese
from app.identity.names import normal_id, normal_name, readings


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

    Two names agree when any group of one equals any group of the other, or when one is a pinyin reading of the other:
    within one study some devices write Chinese characters and others write pinyin.
    """
    if one == other:
        return False  # the usual case; to compute the readings of a name is slow
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
    """Whether a group of the name equals the registered name.

    When the header and the registered name are both in Chinese script, a group in letters does not count. Letters alone
    match a Chinese name when they are one of its readings: devices without Chinese fonts send pinyin.
    """
    wanted = normal_name(registered)
    given = [normal_name(group) for group in groups if normal_name(group)]
    chinese = [name for name in given if is_chinese(name)]
    if chinese and is_chinese(wanted):
        return wanted in chinese
    return wanted in given or bool(readings(registered) & set(given))
