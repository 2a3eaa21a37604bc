"""What a door hands to the ingest service, and what it gets back for each object. No work is done here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from app.dicom.header_fields import NOTHING_DECLARED, DeclaredUids
from app.dicom.refusals import Refusal
from app.dicom.status import MIB, OUT_OF_RESOURCES
from app.errors import RefusedObject

KEPT_OF_OVERSIZED_BYTES = MIB
OVERSIZED = RefusedObject(Refusal.TOO_LARGE_START_KEPT, OUT_OF_RESOURCES)
"""For doors that cannot receive the whole of it: the fault of an object that ends after its first bytes."""


class DoorName(StrEnum):
    """By which way an object came in."""

    CLI = "cli"
    STOW = "stow"
    SCP = "scp"


@dataclass(frozen=True)
class IncomingObject:
    """A received object as a seekable binary file, which stays the door's to close.

    `name` is what the sender calls it, for summaries only. A door that already knows it cannot be taken (an unsafe
    name in a zip, say) gives the `fault`; the bytes are then kept in quarantine unread.
    """

    file: BinaryIO
    name: str = ""
    fault: RefusedObject | None = None
    declared: DeclaredUids = NOTHING_DECLARED


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one object; UIDs are None when the header could not be read."""

    name: str = ""
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stored(Outcome):
    """New, and durable: bytes and row."""


@dataclass(frozen=True, kw_only=True)
class Duplicate(Outcome):
    """The same bytes were stored before; to the sender as good as Stored."""


@dataclass(frozen=True, kw_only=True)
class Refused(Outcome):
    """Kept in quarantine, durable too."""

    reason: Refusal
    dicom_code: int


@dataclass(frozen=True, kw_only=True)
class Conflicting(Refused):
    """The same SOP Instance UID with other content: the stored one stays, this one is in quarantine."""
