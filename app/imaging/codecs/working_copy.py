"""The working copy of a frame: its stored values without loss, in a form that opens in a fraction of a millisecond.

It is ours alone and no DICOM: differences along the rows, their bits sorted by weight, then Zstandard. Why:
docs/adr/0023-a-working-copy-of-every-frame.md. Where copies are kept is the business of app/services/pictures.
"""

from __future__ import annotations

import struct
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from app.imaging.codecs.stored_values import Pixels
from app.imaging.errors import UndecodableFrame

WORKING_COPY = "working copy"
"""Stands in a header in place of the transfer syntax UID."""
_HEAD = struct.Struct(">2sBc")  # the form, bytes of a value, kind of the values
_FORM = b"W1"
_KINDS = {b"u", b"i", b"f"}
_SIZES = (1, 2, 4, 8)
LEVEL = 1


def packed(pixels: Pixels) -> bytes:
    """The copy of one frame of single values; empty for a frame in colour, which has no window."""
    kind = pixels.dtype.kind.encode()
    if pixels.ndim != 2 or kind not in _KINDS or pixels.dtype.itemsize not in _SIZES:
        return b""
    size = pixels.dtype.itemsize
    plain: npt.NDArray[Any] = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    changes = imagecodecs.delta_encode(plain.view(f"u{size}"), axis=-1)
    return _HEAD.pack(_FORM, size, kind) + imagecodecs.zstd_encode(
        np.ascontiguousarray(imagecodecs.bitshuffle_encode(changes)).tobytes(), level=LEVEL
    )


def unpacked(chunk: bytes, rows: int, columns: int) -> Pixels:
    """The stored values (rows, columns). Raises UndecodableFrame, and whatever the codecs raise for damaged bytes."""
    if len(chunk) < _HEAD.size:
        raise UndecodableFrame("the working copy is missing")
    form, size, kind = _HEAD.unpack_from(chunk)
    if form != _FORM or size not in _SIZES or kind not in _KINDS:
        raise UndecodableFrame("no working copy")
    plain = imagecodecs.zstd_decode(chunk[_HEAD.size :], out=rows * columns * size)
    changes = np.frombuffer(plain, f"u{size}", rows * columns).reshape(rows, columns)
    values = imagecodecs.delta_decode(imagecodecs.bitshuffle_decode(changes), axis=-1)
    found: Pixels = np.ascontiguousarray(values).view(f"{kind.decode()}{size}")
    return found
