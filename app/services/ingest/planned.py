"""The plan of a batch and its parts, before anything is recorded. What each object is, `plan` decides."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from app.archive.sealed import DataKey, StoredObject
from app.dicom.header_fields import HeaderIdentity, ReceivedHeader
from app.errors import RefusedObject
from app.imaging.header.image_index import ImageIndex
from app.models import DataKeyRow
from app.models.base import accession_key
from app.repos.ingest.known import KnownInstance
from app.services.ingest.incoming import IncomingObject, Outcome

OBJECT_VERSION = 1


@dataclass(frozen=True)
class ExaminedObject:
    """A received object with its header and image, or with the fault that keeps it out. `size`: about how many bytes
    header and image are."""

    source: IncomingObject
    header: ReceivedHeader | None = None
    fault: RefusedObject | None = None
    image: ImageIndex = field(default_factory=ImageIndex)
    size: int = 0


@dataclass
class PlannedStudy:
    """The study of an instance: a known one, or a new one. A new one has a key whose row is not written yet."""

    id: uuid.UUID
    key: DataKey
    identity: HeaderIdentity
    orders: frozenset[str]
    """The accession keys by which headers may name its orders."""
    key_row: DataKeyRow | None = None

    def is_named_by(self, header: ReceivedHeader, former: ReceivedHeader | None) -> bool:
        """The header says nothing of patient and order that the study's rows do not say, and does not take back an
        order that its former version named."""
        keys = _keys(header)
        taken_back = (_keys(former) & self.orders) - keys if former else frozenset()
        return header.identity == self.identity and keys <= self.orders and not taken_back


@dataclass
class PlannedInstance:
    """A new instance. `stored` is set when its bytes are durable."""

    id: uuid.UUID
    source: IncomingObject
    header: ReceivedHeader
    study: PlannedStudy
    image: ImageIndex
    object_key: str
    is_correction: bool = False
    """It names another patient than its study, whose other headers are being corrected."""
    stored: StoredObject | None = None

    @property
    def key(self) -> DataKey:
        return self.study.key


@dataclass
class PlannedVersion:
    """A stored instance with the same pixels under another header. `former`: that of the stored one, None when it
    cannot be read."""

    replaces: KnownInstance
    source: IncomingObject
    header: ReceivedHeader
    former: ReceivedHeader | None
    study: PlannedStudy
    image: ImageIndex
    object_key: str
    stored: StoredObject | None = None

    @property
    def key(self) -> DataKey:
        return self.study.key

    @property
    def is_correction(self) -> bool:
        """It says other things of patient or order than the study's rows. What it said before the study was labelled
        by us (the demo's) and still says is no correction."""
        if self.study.is_named_by(self.header, self.former):
            return False
        said = (self.header.identity, _keys(self.header))
        is_unchanged = self.former is not None and (self.former.identity, _keys(self.former)) == said
        return not is_unchanged or self.replaces.corrected_identity_sealed is not None


PlannedObject = PlannedInstance | PlannedVersion


@dataclass
class PlannedQuarantine:
    """An object for quarantine, with its own data key."""

    id: uuid.UUID
    source: IncomingObject
    fault: RefusedObject
    header: ReceivedHeader | None
    sha256: bytes
    key: DataKey
    key_row: DataKeyRow
    object_key: str
    stored: StoredObject | None = None


@dataclass(frozen=True)
class PlannedRepair:
    """A stored instance whose object is damaged or gone. The same bytes were sent again and replace it."""

    twin: KnownInstance
    source: IncomingObject
    key: DataKey


@dataclass
class Plan:
    """What to do with a batch. `studies`: known and new ones, by UID."""

    outcomes: list[Outcome] = field(default_factory=list)
    instances: list[PlannedInstance] = field(default_factory=list)
    versions: list[PlannedVersion] = field(default_factory=list)
    quarantined: list[PlannedQuarantine] = field(default_factory=list)
    repairs: list[PlannedRepair] = field(default_factory=list)
    studies: dict[str, PlannedStudy] = field(default_factory=dict)
    series: dict[str, tuple[uuid.UUID, uuid.UUID]] = field(default_factory=dict)
    """Series UID -> (series id, study id), for series that have a row already."""
    new_series: dict[str, str] = field(default_factory=dict)
    """Series UID -> study UID, for series that are new in this batch."""
    rejections: dict[uuid.UUID, set[str]] = field(default_factory=dict)
    """Study id -> SOP Instance UIDs that the rejection notes of this batch name for the first time."""

    def taken(self) -> list[PlannedObject]:
        """What goes into the archive, new objects first."""
        return [*self.instances, *self.versions]

    def taken_into(self, study_id: uuid.UUID) -> list[PlannedObject]:
        return [item for item in self.taken() if item.study.id == study_id]

    def object_keys(self) -> list[str]:
        """The keys of the objects that no row names yet."""
        return [item.object_key for item in self.taken()] + [item.object_key for item in self.quarantined]


def _keys(header: ReceivedHeader) -> frozenset[str]:
    return frozenset(map(accession_key, header.accession_numbers))
