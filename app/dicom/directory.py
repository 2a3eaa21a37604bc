"""Writes a DICOMDIR (PS3.10 8, PS3.3 F): the directory of a medium, with its patients, studies, series and instances.

A header may say anything: what does not suit its key is left empty, and nothing is raised.
Which files lie on the medium, and their names, the caller says. Texts are written in UTF-8, whatever the files have.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from app.dicom.element_values import character_sets_of, text_of, value_of
from app.dicom.person_names import decode_person_name

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CONTENT = ("ContentDate", "ContentTime")
_LABELLED = (*_CONTENT, "ContentLabel", "ContentDescription", "ContentCreatorName")
RECORD_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "88.59": ("KEY OBJECT DOC", _CONTENT),
    "104.1": ("ENCAP DOC", (*_CONTENT, "DocumentTitle", "MIMETypeOfEncapsulatedDocument")),
    "104.2": ("ENCAP DOC", (*_CONTENT, "DocumentTitle", "MIMETypeOfEncapsulatedDocument")),
    "104.3": ("ENCAP DOC", (*_CONTENT, "DocumentTitle", "MIMETypeOfEncapsulatedDocument")),
    "481.2": ("RT DOSE", ("DoseSummationType",)),
    "481.3": ("RT STRUCTURE SET", ("StructureSetLabel", "StructureSetDate", "StructureSetTime")),
    "481.5": ("RT PLAN", ("RTPlanLabel", "RTPlanDate", "RTPlanTime")),
    "481.8": ("RT PLAN", ("RTPlanLabel", "RTPlanDate", "RTPlanTime")),
    "481.4": ("RT TREAT RECORD", ("TreatmentDate", "TreatmentTime")),
    "481.9": ("RT TREAT RECORD", ("TreatmentDate", "TreatmentTime")),
    "66": ("RAW DATA", _CONTENT),
    "66.1": ("REGISTRATION", _LABELLED),
    "66.2": ("FIDUCIAL", _LABELLED),
    "66.3": ("REGISTRATION", _LABELLED),
    "66.5": ("SURFACE", _LABELLED),
    "67": ("VALUE MAP", _LABELLED),
    "4.2": ("SPECTROSCOPY", ("ImageType", *_CONTENT, "NumberOfFrames", "Rows", "Columns")),
}
"""Of SOP classes without pictures: type and keys (PS3.3 F.5) by the end of the UID."""
_FAMILIES: tuple[tuple[str, tuple[str, tuple[str, ...]]], ...] = (
    ("88.", ("SR DOCUMENT", ("CompletionFlag", "VerificationFlag", *_CONTENT))),
    ("9.", ("WAVEFORM", _CONTENT)),
    ("11.", ("PRESENTATION", ("PresentationCreationDate", "PresentationCreationTime", *_LABELLED[2:]))),
)
_OF_STUDIES = ("StudyDate", "StudyTime", "StudyDescription", "StudyID", "AccessionNumber")
_OF_CODES = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
_KEYS = frozenset({"SpecificCharacterSet", "PatientID", "PatientName", *_OF_STUDIES}).union(
    *(keys for _, keys in (*RECORD_TYPES.values(), *(kind for _, kind in _FAMILIES)))
)
_MOST_BYTES = 1024
IMAGE, PRIVATE = "IMAGE", "PRIVATE"
_WHOLE_NUMBERS, _LARGEST = frozenset({"NumberOfFrames", "Rows", "Columns"}), 0xFFFF
_CODES = frozenset({"SR DOCUMENT", "KEY OBJECT DOC", "ENCAP DOC"})
_HEAD = struct.Struct("<HH2sHI")


@dataclass(frozen=True)
class FiledInstance:
    """`file_id`: the parts of its name on the medium. `header`: of an object that is no picture, for its keys."""

    file_id: tuple[str, ...]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    number: int
    number_of_frames: int
    header: Dataset | None = None


@dataclass(frozen=True)
class FiledSeries:
    uid: str
    modality: str
    number: int
    instances: Sequence[FiledInstance]


@dataclass(frozen=True)
class FiledStudy:
    """`header`: of one of its files, for what it says of patient and study."""

    uid: str
    header: Dataset
    series: Sequence[FiledSeries]


@dataclass
class _Record:
    dataset: Dataset
    below: list[_Record] = field(default_factory=list)


def keys_in(header: Dataset) -> Dataset:
    """The elements that a directory is made from, without long ones: a header may hold a million others."""
    return _short(header, _KEYS | {"ConceptNameCodeSequence"})


def _short(header: Dataset, keywords: Iterable[str]) -> Dataset:
    found = Dataset()
    for keyword in keywords:
        tag = Tag(keyword)
        if tag not in header.keys():  # noqa: SIM118 - `in header` would make a new tag
            continue
        element = header.get_item(tag, keep_deferred=True)
        if isinstance(element.value, Items):
            found.add_new(tag, "SQ", [_short(item, _OF_CODES) for item in element.value[:1]])
        elif len(element.value or b"") <= _MOST_BYTES if isinstance(element, RawDataElement) else _is_short(element):
            found[tag] = element
    return found


def _is_short(element: DataElement) -> bool:
    return len(str(element.value)) <= _MOST_BYTES


def has_own_keys(sop_class_uid: str, number_of_frames: int) -> bool:
    """Whether the directory needs the header of such an object."""
    return not number_of_frames and record_type(sop_class_uid, number_of_frames)[0] not in (IMAGE, PRIVATE)


def record_type(sop_class_uid: str, number_of_frames: int) -> tuple[str, tuple[str, ...]]:
    """The type of its record, and the keys beside the instance number."""
    end = sop_class_uid.removeprefix(_STORAGE)
    if end in RECORD_TYPES and not (number_of_frames and end != "481.2"):
        return RECORD_TYPES[end]
    if number_of_frames:
        return IMAGE, ()
    return next((found for start, found in _FAMILIES if end.startswith(start)), (PRIVATE, ()))


def dicomdir(file_set_id: str, uid: str, studies: Iterable[FiledStudy]) -> bytes:
    """The file DICOMDIR. `uid`: of the file set."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MediaStorageDirectoryStorage, UID(uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_file_meta_info(out, meta)
    head = b"\0" * 128 + b"DICM" + out.getvalue()
    return head + _directory(file_set_id, _patients(studies), len(head))


def _directory(file_set_id: str, roots: list[_Record], before: int) -> bytes:
    """The data set: records lie one after the other, and each names the offsets of the next and of the first below."""
    ordered = list(_all(roots))
    written = [_encoded(record.dataset) for record in ordered]
    start = before + 8 + len(_padded(file_set_id)) + 2 * 12 + 10 + _HEAD.size
    offsets, at = {}, start
    for record, raw in zip(ordered, written, strict=True):
        offsets[id(record)] = at
        at += 8 + len(raw)
    items = []
    following = _next(roots)
    for record, raw in zip(ordered, written, strict=True):
        next_at, below_at = (
            offsets.get(id(following.get(id(record))), 0),
            offsets.get(id(next(iter(record.below), None)), 0),
        )
        items.append(struct.pack("<HHI", 0xFFFE, 0xE000, len(raw)))
        items.append(raw[:8] + struct.pack("<I", next_at) + raw[12:30] + struct.pack("<I", below_at) + raw[34:])
    body, name = b"".join(items), _padded(file_set_id)
    return b"".join(
        (
            struct.pack("<HH2sH", 4, 0x1130, b"CS", len(name)) + name,
            struct.pack("<HH2sHI", 4, 0x1200, b"UL", 4, offsets[id(roots[0])] if roots else 0),
            struct.pack("<HH2sHI", 4, 0x1202, b"UL", 4, offsets[id(roots[-1])] if roots else 0),
            struct.pack("<HH2sHH", 4, 0x1212, b"US", 2, 0),
            _HEAD.pack(4, 0x1220, b"SQ", 0, len(body)) + body,
        )
    )


def _padded(text: str) -> bytes:
    raw = text.encode("ascii")
    return raw + b" " * (len(raw) % 2)


def _all(records: Iterable[_Record]) -> Iterator[_Record]:
    for record in records:
        yield record
        yield from _all(record.below)


def _next(records: Sequence[_Record]) -> dict[int, _Record]:
    """The record behind each on its own level."""
    found = {id(one): other for one, other in itertools.pairwise(records)}
    for record in records:
        found |= _next(record.below)
    return found


def _encoded(dataset: Dataset) -> bytes:
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    write_dataset(out, dataset)
    return out.getvalue()


def _patients(studies: Iterable[FiledStudy]) -> list[_Record]:
    """A record for each patient that the headers name, with the studies."""
    by_id: dict[str, _Record] = {}
    for study in studies:
        number = text_of(study.header, "PatientID")[:64]
        if number not in by_id:
            by_id[number] = _Record(_record("PATIENT", PatientName=_name(study.header), PatientID=number))
        by_id[number].below.append(_study(study))
    return list(by_id.values())


def _study(study: FiledStudy) -> _Record:
    told = {name: text_of(study.header, name)[:64] for name in _OF_STUDIES}
    found = _record("STUDY", StudyInstanceUID=study.uid, **told)
    return _Record(found, [_series(series) for series in study.series])


def _series(series: FiledSeries) -> _Record:
    found = _record("SERIES", Modality=series.modality, SeriesInstanceUID=series.uid, SeriesNumber=series.number)
    return _Record(found, [_Record(_instance(instance)) for instance in series.instances])


def _instance(filed: FiledInstance) -> Dataset:
    kind, keys = record_type(filed.sop_class_uid, filed.number_of_frames)
    found = _record(kind, InstanceNumber=filed.number)
    header = filed.header or Dataset()
    for name in keys:
        setattr(found, name, _whole(header, name) if name in _WHOLE_NUMBERS else text_of(header, name)[:64])
    if kind in _CODES:
        found.ConceptNameCodeSequence = _codes(header)
    if kind == PRIVATE:
        found.PrivateRecordUID = filed.sop_class_uid
    found.ReferencedFileID = list(filed.file_id)
    found.ReferencedSOPClassUIDInFile = filed.sop_class_uid
    found.ReferencedSOPInstanceUIDInFile = filed.sop_instance_uid
    found.ReferencedTransferSyntaxUIDInFile = filed.transfer_syntax_uid
    return found


def _whole(header: Dataset, name: str) -> int | None:
    value = value_of(header, name)
    return int(value) if isinstance(value, int) and 0 <= value <= _LARGEST else None


def _codes(header: Dataset) -> list[Dataset]:
    """Empty where the header has something else in the place of a sequence."""
    found, codes = [], value_of(header, "ConceptNameCodeSequence")
    for code in codes[:1] if isinstance(codes, Items) else ():
        copied = Dataset()
        for name in _OF_CODES:
            setattr(copied, name, text_of(code, name)[:64])
        found.append(copied)
    return found


def _name(header: Dataset) -> str:
    """Every group of the patient's name."""
    element = header.get_item("PatientName") if "PatientName" in header else None
    raw = getattr(element, "value", None)
    if isinstance(raw, bytes):
        return "=".join(decode_person_name(raw, character_sets_of(header)))[:192]
    return text_of(header, "PatientName")[:192]


def _record(kind: str, **values: object) -> Dataset:
    found = Dataset()
    found.OffsetOfTheNextDirectoryRecord = 0
    found.RecordInUseFlag = 0xFFFF
    found.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    found.DirectoryRecordType = kind
    found.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        setattr(found, name, value)
    return found
