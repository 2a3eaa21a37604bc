"""Objects that come as metadata in JSON or XML with bulk data apart (PS3.18 8.6.1.2.2) -> incoming objects.

Nothing is parsed here: a child says which objects there are and makes the bytes around their pixels
(`app/imaging/header/described_objects`). Pixels are copied from the part that brought them. Judging and storing is in
`ingest`.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from app.dicom.from_metadata import PIXEL_VRS, PixelElement, write_pixels
from app.dicom.header_fields import DeclaredUids
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, MIB
from app.errors import InvalidInput, RefusedObject, StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.header.described_objects import DescribedReader, packed_names, question_of_object, question_of_part
from app.services.ingest.incoming import IncomingObject

MOST_OBJECTS = 1000
"""Of one part. An object may be two bytes long, and is read, judged and kept like any other: that takes its time."""
_IN_MEMORY = 8 * MIB
_PIECE = MIB


@dataclass(frozen=True)
class BulkPart:
    """One value that came apart. `transfer_syntax_uid`: of compressed pixels; empty when the sender names none."""

    file: BinaryIO
    size: int
    transfer_syntax_uid: str = ""


@dataclass(frozen=True)
class _Described:
    """One object as its part described it. `pixels`: tag and address of its pixels, when they are apart."""

    model: bytes
    addresses: tuple[str, ...]
    pixels: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class DescribedObjects:
    """Makes files of what came as metadata. Raises InvalidInput, StoreUnavailable."""

    reader: DescribedReader
    spool: Path

    def of_part(
        self, text: BinaryIO, bulk: Mapping[str, BulkPart], declared: DeclaredUids, *, is_xml: bool
    ) -> Generator[IncomingObject]:
        """One object for each data set of the part; the caller closes its file before it takes the next.

        An object that cannot be made is refused with its metadata, so that nothing of it is lost. Raises InvalidInput
        for a part that holds no metadata, or whose reading takes too much.
        """
        for described in self._objects(text, is_xml):
            file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.spool)))  # noqa: SIM115
            try:
                yield self._made(described, bulk, declared, file)
            except BaseException:
                file.close()
                raise

    def _made(
        self, described: _Described, bulk: Mapping[str, BulkPart], declared: DeclaredUids, file: BinaryIO
    ) -> IncomingObject:
        try:
            self._write(described, bulk, file)
            file.seek(0)
            return IncomingObject(file, declared=declared)
        except RefusedObject as fault:
            file.seek(0)
            file.truncate()
            file.write(described.model)
            file.seek(0)
            return IncomingObject(file, declared=declared, fault=fault)
        except OSError as error:
            raise StoreUnavailable("the spool folder failed") from error

    def _objects(self, text: BinaryIO, is_xml: bool) -> Iterator[_Described]:
        try:
            with _child_needed():
                answer = self.reader.described(question_of_part(is_xml=is_xml), [text])
        except RefusedObject:
            raise InvalidInput("body", "has metadata that take too much to read") from None
        objects, at = answer.plain.get("objects"), 0
        if not isinstance(objects, list):
            raise InvalidInput("body", "is no DICOM JSON, or no Native DICOM Model in XML")
        if len(objects) > MOST_OBJECTS:
            raise InvalidInput("body", f"describes more than {MOST_OBJECTS} objects")
        for said in objects:
            length, addresses, pixels = _checked(said, len(answer.data) - at)
            yield _Described(answer.data[at : at + length], addresses, pixels)
            at += length

    def _write(self, described: _Described, bulk: Mapping[str, BulkPart], to: BinaryIO) -> None:
        """The file. Raises RefusedObject."""
        apart = bulk.get(described.pixels[1]) if described.pixels else None
        others = {name: bulk[name] for name in described.addresses if name in bulk}
        if described.pixels and apart is not None:
            others.pop(described.pixels[1], None)
        with self._packed(others) as values, _child_needed():
            syntax = apart.transfer_syntax_uid if apart else None
            answer = self.reader.described(question_of_object(syntax), [io.BytesIO(described.model), values])
        before, pixels = _made_of(answer.plain, len(answer.data))
        to.write(answer.data[:before])
        if pixels is not None and apart is not None:
            write_pixels(to, pixels, apart.file, apart.size)
        to.write(answer.data[before:])

    @contextmanager
    def _packed(self, bulk: Mapping[str, BulkPart]) -> Iterator[BinaryIO]:
        """The values behind their names, in one file that a child can be lent."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.spool)) as file:
            file.write(packed_names({name: part.size for name, part in bulk.items()}))
            for part in bulk.values():
                part.file.seek(0)
                shutil.copyfileobj(part.file, file, _PIECE)
            file.seek(0)
            yield cast(BinaryIO, file)


@contextmanager
def _child_needed() -> Iterator[None]:
    try:
        yield
    except ChildUnavailable as error:
        raise StoreUnavailable("no metadata can be read now") from error


def _checked(said: Any, left: int) -> tuple[int, tuple[str, ...], tuple[str, str] | None]:
    """A child that met hostile metadata may say anything. Raises InvalidInput."""
    match said:
        case [int(length), list(addresses), None | [str(), str()] as pixels]:
            if 0 < length <= left and all(isinstance(name, str) for name in addresses):
                return length, tuple(addresses), tuple(pixels) if pixels else None
    raise InvalidInput("body", "has metadata that cannot be read")


def _made_of(plain: Mapping[str, Any], length: int) -> tuple[int, PixelElement | None]:
    """Where the pixels stand, and what their element is. Raises RefusedObject."""
    match plain:
        case {"before": int(before), "pixels": None} if before == length:
            return before, None
        case {"before": int(before), "pixels": [str(tag), str(vr), bool(is_compressed)]} if 0 <= before <= length:
            if vr in PIXEL_VRS.get(tag, ()) or (is_compressed and vr == "OB"):
                return before, PixelElement(tag, vr, is_compressed)
    raise RefusedObject(Refusal.READING_CRASHES, CANNOT_UNDERSTAND)
