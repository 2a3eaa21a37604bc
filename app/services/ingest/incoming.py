"""What a door hands to the ingest service, and what it gets back for each object. No work is done here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.dicom.header_fields import NOTHING_DECLARED, DeclaredUids
from app.dicom.refusals import Refusal
from app.dicom.status import MIB, OUT_OF_RESOURCES
from app.errors import RefusedObject
from app.models import Study

KEPT_OF_OVERSIZED_BYTES = MIB
OVERSIZED = RefusedObject(Refusal.TOO_LARGE_START_KEPT, OUT_OF_RESOURCES)
"""The fault of an object that is too large for its door: the door passes on only its first bytes."""


class DoorName(StrEnum):
    """The door that an object came through."""

    CLI = "cli"
    STOW = "stow"
    SCP = "scp"


StudyHook = Callable[[Session, Study], None]
"""What another room does with a study, inside the transaction that changed it."""


@dataclass(frozen=True)
class IncomingObject:
    """A received object as a seekable binary file. The door closes the file.

    `name`: the sender's name for it, used only in summaries. `fault`: set by a door that already refuses the object
    (for example for an unsafe name in a zip). Then the bytes go to quarantine unread.
    """

    file: BinaryIO
    name: str = ""
    fault: RefusedObject | None = None
    declared: DeclaredUids = NOTHING_DECLARED


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result for one object. UIDs are None when the header cannot be read."""

    name: str = ""
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stored(Outcome):
    """The object is new. Its bytes and its row are durable."""


@dataclass(frozen=True, kw_only=True)
class Superseding(Stored):
    """A new version of a stored instance: the same pixels under another header. The version before is kept."""


@dataclass(frozen=True, kw_only=True)
class Duplicate(Outcome):
    """The same content was stored before. For the sender this is as good as Stored."""


@dataclass(frozen=True, kw_only=True)
class Refused(Outcome):
    """The object is in quarantine, and durable there."""

    reason: Refusal
    dicom_code: int


@dataclass(frozen=True, kw_only=True)
class Conflicting(Refused):
    """The same SOP Instance UID with other pixels: the stored one stays, this one is in quarantine."""


@dataclass(frozen=True)
class Reception:
    """How objects came in. `actor`: the sender, for the audit log."""

    door: DoorName
    actor: str
    is_demo: bool = False
