"""Whether two files hold the same pixels in other bytes, as after a lossless recompression.

services/ingest decides which files are compared and what follows. app/dicom/same_content.py compares bytes alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from app.errors import RefusedObject, StoreUnavailable
from app.imaging.errors import ChildUnavailable, UndecodableFrame
from app.imaging.header.examined import HeaderReader
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from app.imaging.sandbox.pool import VALUES_DIGEST, Account, RenderPool, RenderSpec, RenderTask

BUDGET_S = 60.0
"""Seconds of decoding children for one comparison. What takes longer counts as different."""
PixelComparison = Callable[[BinaryIO, BinaryIO], bool]


@dataclass(frozen=True, kw_only=True)
class SamePixels:
    """Decodes both in the children of `renderer`. Each frame must have the same stored values."""

    renderer: RenderPool
    reader: HeaderReader
    budget_s: float = BUDGET_S

    def __call__(self, mine: BinaryIO, other: BinaryIO) -> bool:
        """False also when a frame of either cannot be decoded. Raises StoreUnavailable when no decoder is available."""
        account = Account(self.budget_s)
        my_frames, other_frames = self._frames(mine, account), self._frames(other, account)
        try:
            return all(one == another for one, another in zip(my_frames, other_frames, strict=True))
        except (RefusedObject, UndecodableFrame, ValueError):  # ValueError: another number of frames
            return False
        except ChildUnavailable:
            raise StoreUnavailable("no decoder is available") from None

    def _frames(self, file: BinaryIO, account: Account) -> Iterator[bytes]:
        """A digest of each frame's stored values; of an object without readable image, an error."""
        image = self.reader.examine(file).image
        if image.header is None:
            raise UndecodableFrame("the image is not supported")
        header = ImageHeader.from_json(image.header)
        frames = None if image.frames is None else FrameIndex.from_bytes(image.frames)
        whole = None if frames is not None else uuid.uuid4().hex
        for number in range(header.number_of_frames):
            if account.is_spent:
                raise UndecodableFrame("the time for this comparison is used up")
            pieces = frames.pieces(number) if frames is not None else ((0, -1),)
            specs = (RenderSpec(fmt=VALUES_DIGEST),)
            task = RenderTask(header, partial(_read, file, pieces), number, specs, whole=whole)
            yield self.renderer.render(task, account)[0]


def _read(file: BinaryIO, pieces: tuple[tuple[int, int], ...]) -> bytes:
    found = []
    for start, length in pieces:
        file.seek(start)
        found.append(file.read(length))
    return b"".join(found)
