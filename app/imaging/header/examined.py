"""All that ingest must know of a received object: its checked header and the index of its image, read in one go.

`HeaderReader` is what services ask. app/imaging/sandbox/header_pool answers it in child processes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from app.dicom.header_fields import ReceivedHeader, fields_of
from app.dicom.part10 import HeaderLimits, parse
from app.dicom.same_content import Likeness
from app.errors import RefusedObject
from app.imaging.header.image_index import ImageIndex, index_image


@dataclass(frozen=True)
class Examined:
    """`size`: about how many bytes header and index are, whatever the file was."""

    header: ReceivedHeader
    image: ImageIndex
    size: int = 0


class HeaderReader(Protocol):
    """Reads the headers of anybody's objects. A file stays where it is, open, and unread by others meanwhile."""

    limits: HeaderLimits

    def examine(self, file: BinaryIO) -> Examined:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""

    def examine_all(self, files: Iterable[BinaryIO]) -> Generator[Examined | RefusedObject]:
        """What each file is, or why it is refused, in order. Some files are read ahead. Raises ChildUnavailable."""

    def likeness(self, mine: BinaryIO, other: BinaryIO) -> Likeness:
        """How alike two files are. Raises RefusedObject when that takes too much, and ChildUnavailable."""


def examined(file: BinaryIO, limits: HeaderLimits) -> Examined:
    """Read a file here and now. Raises RefusedObject, and MemoryError: that says nothing of the file."""
    parsed = parse(file, limits)
    return Examined(fields_of(parsed), index_image(file, parsed))
