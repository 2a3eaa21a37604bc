"""Attribute values by keyword -> the DICOM JSON model (PS3.18 annex F). Whole data sets are in
app/dicom/json_metadata.py."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from app.services.dicomweb.matching_keys import Level

_NUMBERS = frozenset({"IS", "US", "UL", "SS", "SL", "DS", "FL", "FD"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


REQUIRED = {
    Level.STUDY: frozenset(
        {
            *("StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy", "PatientName"),
            *("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID", "RetrieveURL"),
            *("ReferringPhysicianName", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
        }
    ),
    Level.SERIES: frozenset(
        {
            *("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "RetrieveURL"),
            "NumberOfSeriesRelatedInstances",
        }
    ),
    Level.INSTANCE: frozenset(
        {"SOPClassUID", "SOPInstanceUID", "InstanceAvailability", "InstanceNumber", "RetrieveURL"}
    ),
}
"""Attributes of each result, with or without a value (PS3.18 tables 10.6.3-3 to 10.6.3-5, as far as the index keeps
them)."""


def to_dicom_json(row: dict[str, Any], required: frozenset[str]) -> dict[str, Any]:
    """Empty values of required attributes keep their element without `Value` (F.2.5); others are left out."""
    elements = {}
    for keyword, value in row.items():
        if value in (None, "", []) and keyword not in required:
            continue
        tag = tag_for_keyword(keyword)
        assert tag is not None
        elements[f"{tag:08X}"] = _element(dictionary_VR(tag), value)
    for keyword in required - row.keys():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        elements[f"{tag:08X}"] = {"vr": dictionary_VR(tag)}
    return dict(sorted(elements.items()))


def _element(vr: str, value: Any) -> dict[str, Any]:
    if vr == "SQ":
        return {"vr": vr, "Value": [to_dicom_json(item, frozenset()) for item in value]}
    if vr == "PN":
        return {"vr": vr, "Value": [_person_name(value)]} if value else {"vr": vr}
    values = [item for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]
    if vr not in _NUMBERS:
        values = [str(item) for item in values]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _person_name(groups: list[str]) -> dict[str, str]:
    """The groups of a person name. Empty groups are not stored, so a second group is taken for the ideographic one."""
    name = {_GROUPS[0]: groups[0]}
    for number, group in enumerate(groups[1:3], 1):
        name[_GROUPS[number]] = group
    return name
