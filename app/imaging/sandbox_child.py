"""The child's side of `sandbox`: reads frames from its input, writes pictures to its output, ends with its parent.

The limits are set before any pixel is touched; a breach kills this process alone.
"""

from __future__ import annotations

import os
import pickle
import resource
import sys
from collections import OrderedDict
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from app.imaging.decode import decode_frame
from app.imaging.encode import encode, fit
from app.imaging.errors import ImagingError
from app.imaging.header import ImageHeader
from app.imaging.sandbox import LENGTH, RenderSpec
from app.imaging.window import Shown, to_display

KEPT_BYTES = 64 * 1024 * 1024
QUALITY_STEP, LOWEST_QUALITY = 10, 25

Pixels = npt.NDArray[np.generic]


class KeptPixels:
    """The last decoded frames, bounded by bytes: a change of window decodes nothing again."""

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._frames: OrderedDict[str, Pixels] = OrderedDict()

    def get(self, token: str) -> Pixels | None:
        pixels = self._frames.get(token)
        if pixels is not None:
            self._frames.move_to_end(token)
        return pixels

    def keep(self, token: str, pixels: Pixels) -> None:
        self._frames[token] = pixels
        self._size += pixels.nbytes
        while self._size > self._limit and self._frames:
            self._size -= self._frames.popitem(last=False)[1].nbytes


def pictures(
    header: ImageHeader, frame: bytes, number: int, specs: tuple[RenderSpec, ...], token: str | None, kept: KeptPixels
) -> list[bytes]:
    """The pictures of one frame. Raises ImagingError, ValueError, MemoryError."""
    pixels = kept.get(token) if token else None
    if pixels is None:
        pixels = decode_frame(header, frame, number)
        if token:
            kept.keep(token, pixels)
    shown: dict[object, Shown] = {}
    result = []
    for spec in specs:
        if spec.window not in shown:
            shown[spec.window] = to_display(pixels, header, spec.window, number)
        result.append(_picture(shown[spec.window], spec))
    return result


def _picture(shown: Shown, spec: RenderSpec) -> bytes:
    if spec.viewport is not None:
        x, y, width, height = spec.viewport
        shown = shown[y : y + height, x : x + width]
        if not shown.size:
            raise ValueError("the region is outside the image")
    if spec.longest is not None:
        shown = fit(shown, spec.longest)
    picture = encode(shown, spec.fmt, spec.quality)
    quality = spec.quality
    while spec.max_bytes is not None and len(picture) > spec.max_bytes and quality > LOWEST_QUALITY:
        quality -= QUALITY_STEP
        picture = encode(shown, spec.fmt, quality)
    return picture


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the parent closes the pipe. An answer is a list of pictures, or a reason in words."""
    kept = KeptPixels()
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        request = pickle.loads(source.read(LENGTH.unpack(head)[0]))  # noqa: S301 - the parent is our own process
        answer: list[bytes] | str
        try:
            header, frame, number, specs, token = request
            answer = pictures(header, frame, number, specs, token, kept)
        except (ImagingError, ValueError, MemoryError, ArithmeticError, LookupError, TypeError) as error:
            answer = str(error) or type(error).__name__
        body = pickle.dumps(answer)
        sink.write(LENGTH.pack(len(body)) + body)
        sink.flush()


def main() -> None:
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a codec prints must not get between the answers
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
