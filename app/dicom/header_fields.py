"""What the archive keeps of a parsed header: UIDs, the patient's identity, attributes for queries.

Parsing is in `part10`. app/imaging reads the attributes of pixels. app/identity compares the patient with the exam's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydicom.dataset import Dataset, FileDataset

from app.dicom.element_values import character_sets_of, fit_to_keep, text_of
from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.dicom.person_names import decode_person_name
from app.dicom.refusals import UID_INVALID, UID_MISSING, Refusal
from app.dicom.rejection_notes import rejected_uids
from app.dicom.status import NOT_AS_PROMISED
from app.dicom.uids import is_uid
from app.errors import RefusedObject

_TEXT_CHARACTERS = 1024
_MOST_REQUESTS = 100
MOST_ORDERS = 20
"""That a study may be of. A device that lists every order of the day must not hold the exams of a whole department."""
_NAME_BYTES = 4096
"""The most bytes of a person name: it is decoded in several character sets, and each group becomes an object. PS3.5 6.2
allows three groups of 64 characters."""
STUDY_KEYWORDS = ("StudyDate", "StudyTime", "StudyDescription", "StudyID", "TimezoneOffsetFromUTC")
SERIES_KEYWORDS = (
    "SeriesDate",
    "SeriesTime",
    "BodyPartExamined",
    "Laterality",
    "ProtocolName",
    "Manufacturer",
    "StationName",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)
_REQUEST_KEYWORDS = ("ScheduledProcedureStepID", "RequestedProcedureID")
_REQUESTS = ("RequestAttributesSequence", "ReferencedRequestSequence")
"""What an image, and what a report was asked for by."""


@dataclass(frozen=True)
class HeaderIdentity:
    """The patient as a header names them. `names`: all component groups, decoded; `birth_date`: YYYYMMDD or empty.

    `referring_physician`: the groups of who sent them; None where nobody read it. It says nothing of who they are.
    """

    patient_id: str
    names: tuple[str, ...]
    sex: str
    birth_date: str
    referring_physician: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DeclaredUids:
    """The UIDs that the sender gave outside of the object: in the STOW-RS address or the C-STORE command. None: not
    given."""

    study_instance_uid: str | None = None
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None


NOTHING_DECLARED = DeclaredUids()


@dataclass(frozen=True)
class ReceivedHeader:
    """The checked header of one instance."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    pixel_offset: int | None
    accession_numbers: tuple[str, ...]
    """Of the orders it names, each once: the study's own first, then those of the requests that its series was made
    for."""
    identity: HeaderIdentity
    modality: str
    instance_number: int | None
    series_number: int | None
    series_description: str
    study_attributes: dict[str, Any]
    series_attributes: dict[str, Any]
    requests: tuple[dict[str, str], ...]
    """What of the Request Attributes Sequence a search for series tells (PS3.18 table 10.6.3-4), by keyword."""
    rejects: frozenset[str]
    """The SOP instances that a rejection note rejects; empty for every other object."""

    @property
    def accession_number(self) -> str:
        """The first; empty when it names none."""
        return self.accession_numbers[0] if self.accession_numbers else ""

    @property
    def kept_of_series(self) -> dict[str, Any]:
        """The attributes of its series for searches, its requests included: an empty list says that it has none."""
        return self.series_attributes | {"RequestAttributesSequence": list(self.requests)}

    def is_as(self, declared: DeclaredUids) -> bool:
        return all(
            said is None or said == found
            for said, found in (
                (declared.study_instance_uid, self.study_instance_uid),
                (declared.sop_class_uid, self.sop_class_uid),
                (declared.sop_instance_uid, self.sop_instance_uid),
            )
        )


def read(file: BinaryIO, limits: HeaderLimits) -> ReceivedHeader:
    """Check and read the header of a received file. Raises RefusedObject."""
    return fields_of(parse(file, limits))


def fields_of(parsed: ParsedFile) -> ReceivedHeader:
    """Check and read a parsed header. Raises RefusedObject, and MemoryError: that says nothing of the header."""
    dataset = parsed.dataset
    identity = _identity(dataset)
    accession_numbers = _accession_numbers(dataset)
    if any(len(number) > 64 for number in accession_numbers) or len(identity.patient_id) > 256:
        raise RefusedObject(Refusal.NUMBER_TOO_LONG, NOT_AS_PROMISED)
    sop_class_uid = _sop_uid(dataset, "SOPClassUID")
    return ReceivedHeader(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=_sop_uid(dataset, "SOPInstanceUID"),
        study_instance_uid=_uid(dataset, "StudyInstanceUID"),
        series_instance_uid=_uid(dataset, "SeriesInstanceUID"),
        transfer_syntax_uid=_checked_uid(parsed.transfer_syntax_uid, "TransferSyntaxUID"),
        pixel_offset=parsed.pixel_offset,
        accession_numbers=accession_numbers,
        identity=identity,
        modality=_text(dataset, "Modality")[:16],
        instance_number=_integer(dataset, "InstanceNumber"),
        series_number=_integer(dataset, "SeriesNumber"),
        series_description=_text(dataset, "SeriesDescription")[:64],
        study_attributes=_attributes(dataset, STUDY_KEYWORDS),
        series_attributes=_attributes(dataset, SERIES_KEYWORDS),
        requests=_requests(dataset),
        rejects=rejected_uids(dataset, sop_class_uid),
    )


def _accession_numbers(dataset: FileDataset) -> tuple[str, ...]:
    """Of the study, and of the requests that its series was made for (PS3.3 10.6, Request Attributes; of a report:
    C.17.2): one scan may serve several orders, and then the study's own number is that of one of them, or empty."""
    requests = (item for keyword in _REQUESTS for item in _request_items(dataset, keyword))
    named = [_text(dataset, "AccessionNumber"), *(_text(item, "AccessionNumber") for item in requests)]
    return tuple(dict.fromkeys(number for number in named if number))[:MOST_ORDERS]


def _request_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    if keyword not in dataset:
        return []
    requests = dataset[keyword]
    return list(requests.value)[:_MOST_REQUESTS] if requests.VR == "SQ" and requests.value else []


def _requests(dataset: Dataset) -> tuple[dict[str, str], ...]:
    items = (_attributes(item, _REQUEST_KEYWORDS) for item in _request_items(dataset, _REQUESTS[0]))
    return tuple(item for item in items if item)[:MOST_ORDERS]


def _identity(dataset: FileDataset) -> HeaderIdentity:
    # The bytes as received: pydicom would decode them as declared, and the declaration is often wrong.
    raw = _bytes(dataset, "PatientName")
    if len(raw) > _NAME_BYTES:
        raise RefusedObject(Refusal.NAME_TOO_LONG, NOT_AS_PROMISED)
    referring = _bytes(dataset, "ReferringPhysicianName")
    return HeaderIdentity(
        patient_id=_text(dataset, "PatientID"),
        names=_groups(dataset, raw),
        sex=_text(dataset, "PatientSex").upper()[:16],
        birth_date=_text(dataset, "PatientBirthDate")[:16],
        referring_physician=_groups(dataset, referring) if len(referring) <= _NAME_BYTES else (),
    )


def _bytes(dataset: Dataset, keyword: str) -> bytes:
    raw = getattr(dataset.get_item(keyword, keep_deferred=True), "value", None)
    return raw if isinstance(raw, bytes) else b""


def _groups(dataset: Dataset, raw: bytes) -> tuple[str, ...]:
    """The component groups of a person name, decoded; empty ones are left out."""
    groups = decode_person_name(raw, character_sets_of(dataset)) if raw else ()
    return tuple(name for group in groups if (name := fit_to_keep(group)[:_TEXT_CHARACTERS]))


def _uid(dataset: Dataset, keyword: str) -> str:
    return _checked_uid(_text(dataset, keyword), keyword)


def _sop_uid(dataset: FileDataset, keyword: str) -> str:
    # Some files lack this element; the File Meta Information has the same UID (PS3.10 7.1).
    text = _text(dataset, keyword) or _text(dataset.file_meta, f"MediaStorage{keyword}")
    return _checked_uid(text, keyword)


def _checked_uid(text: str, keyword: str) -> str:
    if not text:
        raise RefusedObject(UID_MISSING[keyword], NOT_AS_PROMISED)
    if not is_uid(text):
        raise RefusedObject(UID_INVALID[keyword], NOT_AS_PROMISED)
    return text


def _attributes(dataset: Dataset, keywords: tuple[str, ...]) -> dict[str, Any]:
    return {keyword: text for keyword in keywords if (text := _text(dataset, keyword))}


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        return text_of(dataset, keyword)[:_TEXT_CHARACTERS]
    except MemoryError:
        raise
    except Exception:  # pydicom converts a value at the first access, and an odd value may raise anything
        return ""


def _integer(dataset: Dataset, keyword: str) -> int | None:
    try:
        number = int(_text(dataset, keyword))
    except ValueError:
        return None
    return number if abs(number) < 2**31 else None
