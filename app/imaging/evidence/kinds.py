"""Which kind of object is no picture, by its SOP class (PS3.6 table A-1), and why one cannot be shown."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class EvidenceKind(StrEnum):
    """How an object is read. The value is stored with prepared objects, so it never changes."""

    REPORT = "report"
    DOSE = "dose"
    PDF = "pdf"
    ECG = "ecg"
    SEGMENTS = "segments"
    CONTOURS = "contours"
    KEY_OBJECTS = "key_objects"
    PRESENTATION = "presentation"
    OTHER = "other"


class EvidenceFault(StrEnum):
    """Why an object is listed and not shown. The value is stored with prepared objects, so it never changes."""

    NO_WAY = "no_way"
    """No part of this program shows objects of this kind."""
    UNREADABLE = "unreadable"
    """It lacks what its kind must have, or reading it takes more memory or time than it may."""
    TOO_LARGE = "too_large"
    TOO_MANY_PARTS = "too_many_parts"
    """More segments, contours, channels or marks than are accepted."""
    NUMBERS_ODD = "numbers_odd"
    """Spacings, directions or sensitivities that make no sense: zero, parallel, no number."""
    NOT_A_PDF = "not_a_pdf"
    ACTIVE_PDF = "active_pdf"
    """A PDF that can run scripts, start programs or carries files."""
    NO_PICTURE = "no_picture"
    """It refers to no picture that is shown."""


class SetAside(Exception):
    """This object is not shown; it is listed with the reason."""

    def __init__(self, fault: EvidenceFault) -> None:
        self.fault = fault
        super().__init__(str(fault))


_STORAGE = "1.2.840.10008.5.1.4.1.1."
_BY_ENDS: dict[EvidenceKind, Iterable[str]] = {
    EvidenceKind.REPORT: [f"88.{number}" for number in (11, 22, 33, 34, 35, 40, 50, 65, 69, 70, 71, 72, 74, 75)],
    EvidenceKind.DOSE: ("88.67", "88.68", "88.73", "88.76"),
    EvidenceKind.KEY_OBJECTS: ("88.59",),
    EvidenceKind.PDF: ("104.1",),
    EvidenceKind.ECG: ("9.1.1", "9.1.2", "9.1.3", "9.1.4"),
    EvidenceKind.SEGMENTS: ("66.4", "66.7"),
    EvidenceKind.CONTOURS: ("481.3",),
    EvidenceKind.PRESENTATION: [f"11.{number}" for number in range(1, 13)],
}
_KINDS = {_STORAGE + end: kind for kind, ends in _BY_ENDS.items() for end in ends}


def kind_of(sop_class_uid: str, number_of_frames: int) -> EvidenceKind | None:
    """The kind of an object that is no picture; None for a picture, also one that cannot be decoded."""
    if (found := _KINDS.get(sop_class_uid)) is not None:
        return found
    return None if number_of_frames else EvidenceKind.OTHER
