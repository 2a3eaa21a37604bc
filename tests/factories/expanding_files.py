"""Small Part-10 files that ask their reader to make much of them, one kind each; `size` says how hard they try."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from pydicom import Dataset, Sequence
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, KeyObjectSelectionDocumentStorage

from deploy.testbed.ct import ct_slice, part10


def raw(dataset: Dataset, tag: int, vr: str, value: bytes) -> None:
    """The element as bytes: pydicom would convert what it is given."""
    value += b" " * (len(value) % 2)
    dataset[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)


def items(count: int, **values: str) -> Sequence:
    made = []
    for _ in range(count):
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        made.append(item)
    return Sequence(made)


def windows_for_all_frames(size: int) -> bytes:
    """Shared by as many frames as there are groups, each of which differs."""
    dataset = ct_slice(NumberOfFrames=5 * size)
    raw(dataset, 0x00281056, "CS", b"SIGMOID" * 100)
    for tag in (0x00281050, 0x00281051):
        raw(dataset, tag, "DS", b"1\\" * (200 * size))
    groups = items(5 * size)
    for number, group in enumerate(groups):
        group.PlanePositionSequence = items(1)
        group.PlanePositionSequence[0].ImagePositionPatient = [0, 0, number]
    dataset.PerFrameFunctionalGroupsSequence = groups
    return part10(dataset)


def numbers_in_every_group(size: int) -> bytes:
    dataset = ct_slice(NumberOfFrames=10)
    groups = items(10)
    for group in groups:
        group.FrameVOILUTSequence = items(1)
        for tag in (0x00281050, 0x00281051):
            raw(group.FrameVOILUTSequence[0], tag, "DS", b"1\\" * (50 * size))
    dataset.PerFrameFunctionalGroupsSequence = groups
    return part10(dataset)


def repeated_segments(size: int) -> bytes:
    words = [0, 1, 0, 1, 60_000, 9, *([2, 60_000, 6, 0] * (2 * size))]
    dataset = ct_slice(PhotometricInterpretation="PALETTE COLOR")
    for element in (1, 2, 3):
        dataset.add_new(0x00281100 + element, "US", [0, 0, 16])
        dataset.add_new(0x00281220 + element, "OW", struct.pack(f"<{len(words)}H", *words))
    return part10(dataset)


def tables_without_end(size: int) -> bytes:
    dataset = ct_slice()
    dataset.VOILUTSequence = items(20)
    for item in dataset.VOILUTSequence:
        raw(item, 0x00283002, "US", b"\0\0" * 4)
        raw(item, 0x00283006, "US", b"\0\1" * (20 * size))
    return part10(dataset)


def character_sets(size: int) -> bytes:
    dataset = ct_slice()
    raw(dataset, 0x00080005, "CS", b"ISO 2022 IR 58\\" * size)
    raw(dataset, 0x00100010, "PN", b"\x1b$)A=" * (2 * size))
    return part10(dataset)


def name_groups(size: int) -> bytes:
    dataset = ct_slice()
    raw(dataset, 0x00100010, "PN", b"a=" * (50 * size))
    return part10(dataset)


def rejected_objects(size: int) -> bytes:
    dataset = ct_slice(SOPClassUID=KeyObjectSelectionDocumentStorage, PixelData=None)
    dataset.ConceptNameCodeSequence = items(1, CodeValue="113001", CodingSchemeDesignator="DCM")
    dataset.CurrentRequestedProcedureEvidenceSequence = items(1, StudyInstanceUID=dataset.StudyInstanceUID)
    series = items(1)
    series[0].ReferencedSOPSequence = items(3 * size, ReferencedSOPInstanceUID="1.2")
    dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence = series
    return part10(dataset)


def deflated(size: int) -> bytes:
    return part10(ct_slice(EncapsulatedDocument=bytes(size << 16)), DeflatedExplicitVRLittleEndian)


def fragments(size: int) -> bytes:
    """Empty ones, which any of many frames may lie in."""
    head = part10(ct_slice(PixelData=None, NumberOfFrames=20_000))
    file = io.BytesIO()
    file.write(head + b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff")
    file.write((b"\xfe\xff\x00\xe0" + bytes(4)) * (30 * size) + b"\xfe\xff\xdd\xe0" + bytes(4))
    return file.getvalue()


KINDS: dict[str, Callable[[int], bytes]] = {
    made.__name__: made
    for made in (
        windows_for_all_frames,
        numbers_in_every_group,
        repeated_segments,
        tables_without_end,
        character_sets,
        name_groups,
        rejected_objects,
        deflated,
        fragments,
    )
}
