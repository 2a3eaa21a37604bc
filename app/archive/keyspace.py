"""Object keys: made here from our own UUIDs, never from input. What the objects hold is not known here.

The objects of a study share one folder, so that a batch needs one fsync of a folder; 256 shards keep folders short.
"""

import re
from collections.abc import Iterator
from uuid import UUID

from app.errors import ArchiveError

STUDIES = "studies/"
RENDITIONS = "renditions/"
QUARANTINE = "quarantine/"

# No dot, no upper case, no empty segment: no key can have a special meaning for a file system.
_SAFE_KEY = re.compile(r"[a-z]{1,32}(?:/[0-9a-f]{2,64}){1,4}")


def instance_object_key(study_id: UUID, object_id: UUID) -> str:
    """A received DICOM file."""
    return f"{STUDIES}{_shard(study_id)}/{object_id.hex}"


def rendition_object_key(study_id: UUID, rendition_id: UUID) -> str:
    """Prepared pictures: apart from the originals, so that they can be dropped and made again."""
    return f"{RENDITIONS}{_shard(study_id)}/{rendition_id.hex}"


def quarantine_object_key(item_id: UUID) -> str:
    """Received bytes that were not accepted."""
    return f"{QUARANTINE}{_shard(item_id)}"


def shards() -> Iterator[tuple[str, UUID, UUID]]:
    """The segment of each shard, with the first and the last id in it."""
    for number in range(256):
        yield f"{number:02x}/", UUID(int=number << 120), UUID(int=((number + 1) << 120) - 1)


def require_safe(key: str) -> str:
    """Return `key`; raise `ArchiveError` unless it has the shape of the keys made here."""
    if _SAFE_KEY.fullmatch(key) is None:
        raise ArchiveError("not an object key")
    return key


def _shard(identifier: UUID) -> str:
    return f"{identifier.hex[:2]}/{identifier.hex}"
