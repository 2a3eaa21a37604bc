"""A stored instance as a Part-10 file in Explicit VR Little Endian (PS3.18 8.7.3.1), and its frames as native pixels.

The file is whole before its first byte is sent, so that one frame that does not decode costs no half answer: what
cannot be had this way is sent as it is stored. Which form a client gets is decided in app/web/machine/dicomweb.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from app.archive.opened_file import OpenedFile
from app.archive.sealed import SealedArchive
from app.dicom.bulk_values import little_endian
from app.dicom.explicit_little_endian import pixel_head
from app.dicom.pixel_element import HEAD_BYTES, read_pixel_head
from app.dicom.status import MIB
from app.errors import RefusedObject, StoreUnavailable
from app.imaging.codecs.decode import CODECS, DECODED, DEFLATED_LE, EXPLICIT_BE, NATIVE
from app.imaging.codecs.one_bit import pixels_of_frame, without_gaps
from app.imaging.codecs.stream_decoding import LOSSLESS
from app.imaging.display.render_spec import STORED_VALUES, RenderSpec
from app.imaging.sandbox.pool import RenderPool
from app.services.archive.frames import drawn, frame_task
from app.services.dicomweb.stored_headers import StoredHeaders
from app.services.dicomweb.stored_instance import StoredInstance

log = structlog.get_logger(__name__)

DECODABLE, UNCOMPRESSED = DECODED, NATIVE
WITHOUT_LOSS = LOSSLESS | frozenset(CODECS)
"""Transfer syntaxes whose pixels lose nothing when they are decoded for everybody."""
MOST_BYTES = 2048 * MIB
"""Of decoded pixels: a longer element would need the other forms of lengths, and a disk of its own."""
_IN_MEMORY = 8 * MIB
_PIECE = MIB


class NotConvertible(Exception):
    """The instance can only be sent as it is stored."""


@dataclass(frozen=True)
class NativeFrame:
    """`pixels` in little endian, samples side by side; `colour_space` is their photometric interpretation."""

    pixels: bytes
    colour_space: str


@dataclass(frozen=True, kw_only=True)
class ExplicitFiles:
    """Makes the converted forms. Raises StoreUnavailable."""

    archive: SealedArchive
    renderer: RenderPool
    headers: StoredHeaders
    spool: Path

    def file(self, found: StoredInstance) -> BinaryIO | None:
        """The file, to be closed by the caller; None when it can only be sent as it is stored."""
        file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.spool)))  # noqa: SIM115
        try:
            for piece in self._pieces(found):
                file.write(piece)
            file.seek(0)
            return file
        except (NotConvertible, RefusedObject):
            pass
        except OSError as error:
            file.close()
            raise StoreUnavailable("the spool folder failed") from error
        except BaseException:
            file.close()
            raise
        file.close()
        log.warning("an instance cannot be sent in Explicit VR Little Endian", row=found.row.id)
        return None

    def frame(self, found: StoredInstance, number: int) -> NativeFrame | None:
        """Frame `number`, from 1, decoded; None when that cannot be."""
        task = frame_task(
            self.archive,
            found.data_key,
            found.row,
            found.image,
            number - 1,
            (RenderSpec(fmt=STORED_VALUES),),
            f"{found.row.id.hex}:{number - 1}",
        )
        space, _, pixels = drawn(self.renderer, task).partition(b"\n")
        return NativeFrame(pixels, space.decode("ascii")) if pixels else None

    def _pieces(self, found: StoredInstance) -> Iterator[bytes]:
        first = self._first_frame(found) if found.row.number_of_frames and not _is_native(found) else None
        is_colour = found.image is not None and found.image.samples_per_pixel > 1
        around = self.headers.around_pixels(found, first.colour_space if first and is_colour else "")
        if around is None:
            raise NotConvertible  # the stored file holds more than can be read of it
        yield around.before
        if around.pixels is not None:
            yield from self._decoded(found, first, around.pixels[0]) if first else self._native(found, around.pixels)
        yield around.behind

    def _native(self, found: StoredInstance, pixels: tuple[str, str]) -> Iterator[bytes]:
        """The pixel element of an uncompressed file, in little endian."""
        row = found.row
        if row.pixel_offset is None or not _is_native(found):
            raise NotConvertible
        file = OpenedFile(self.archive, row.object_key, row.object_version, found.data_key, row.size)
        file.seek(row.pixel_offset)
        head = read_pixel_head(file.read(HEAD_BYTES), row.transfer_syntax_uid)
        if head.length is None:
            raise NotConvertible
        tag, vr = pixels
        yield pixel_head(tag, vr, head.length + head.length % 2)
        file.seek(row.pixel_offset + head.start)
        turned = _turned_as(found, vr)
        for start in range(0, head.length, _PIECE):
            piece = file.read(min(_PIECE, head.length - start))
            yield little_endian(piece, turned) if turned else piece
        yield b"\0" * (head.length % 2)

    def _first_frame(self, found: StoredInstance) -> NativeFrame:
        """The first frame of a compressed file, decoded: it decides how the header describes the pixels."""
        image = found.image
        if image is None or image.high_bit + 1 != image.bits_stored:
            raise NotConvertible
        frames, bits = found.row.number_of_frames, image.bits_allocated
        samples = image.rows * image.columns * image.samples_per_pixel
        if frames * samples * max(bits, 8) // 8 > MOST_BYTES:
            raise NotConvertible
        first = self.frame(found, 1)
        if first is None:
            raise NotConvertible
        return first

    def _decoded(self, found: StoredInstance, first: NativeFrame, tag: str) -> Iterator[bytes]:
        """The pixel element of a compressed file, decoded."""
        image, frames = found.image, found.row.number_of_frames
        assert image is not None  # the first frame could not have been decoded without it
        bits, samples = image.bits_allocated, image.rows * image.columns * image.samples_per_pixel
        length = -(-frames * samples // 8) if bits == 1 else frames * len(first.pixels)
        yield pixel_head(tag, "OW" if bits > 8 else "OB", length + length % 2)
        yield from as_one_element(found, self._alike(found, first))
        yield b"\0" * (length % 2)

    def _alike(self, found: StoredInstance, first: NativeFrame) -> Iterator[bytes]:
        """All frames. Raises NotConvertible when one is not as the first is."""
        yield first.pixels
        for number in range(2, found.row.number_of_frames + 1):
            frame = self.frame(found, number)
            if frame is None or (len(frame.pixels), frame.colour_space) != (len(first.pixels), first.colour_space):
                raise NotConvertible
            yield frame.pixels


def as_one_element(found: StoredInstance, frames: Iterator[bytes]) -> Iterator[bytes]:
    """Decoded frames that stand alone, as the value of the pixel element: those of single bits leave no gap."""
    image = found.image
    if image is None or image.bits_allocated != 1:
        return frames
    return without_gaps(frames, pixels_of_frame(image))


def _is_native(found: StoredInstance) -> bool:
    """Whether the pixels lie in the stored file as they are; those of a deflated file do not."""
    return found.row.transfer_syntax_uid in NATIVE - {DEFLATED_LE}


def _turned_as(found: StoredInstance, vr: str) -> str | None:
    """The VR whose numbers the pixels of a big-endian file are; None for another file."""
    if found.row.transfer_syntax_uid != EXPLICIT_BE or vr == "OB":
        return None
    image = found.image
    if vr != "OW" or image is None or image.words_swapped:
        return vr
    return {32: "OF", 64: "OD"}.get(image.bits_allocated, vr)
