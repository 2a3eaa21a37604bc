"""The values of one frame without loss, for a program that draws windows itself: small on the line and cheap to read in
a browser. Why in this form: docs/adr/0028-free-windows-on-the-phone.md. It runs in a child of `sandbox`.

Before gzip: the length of a JSON object as uint32 big-endian, the object, and the change of each value as two planes.
Each value is told as its change from the mean (rounded down) of the values to its left and above it; in the first row
and the first column from the one that there is, and at the corner from 0. A change c, modulo 2^16 between -2^15 and
2^15 - 1, is stored as 2c, or as -2c - 1 where it is negative. The first plane holds the high bytes (rows x columns),
the second one the low bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.tiles import levels_of
from app.imaging.display.window import Rescale, chosen_window
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader

_GZIP = 31
"""zlib's window bits: 15, and 16 for gzip."""


def full_depth(decoded: DecodedFrame, header: ImageHeader, number: int) -> bytes:
    """`{rows, columns, least, slope, intercept, inverted, window: {center, width} | null, sum}` and the planes, all in
    gzip.

    A value v of the planes is the stored value `least` + v; times `slope` plus `intercept` it is in modality units (HU
    for CT). `window`: under which the frame is shown without another; null where a table decides. `inverted`: white is
    low. `sum`: of all v, modulo 2^32.

    Raises UndecodableFrame where a window over these values is not the whole picture: colour, damaged, too large for a
    canvas, pixels that are not square, overlays, a presentation state; and where 16 bits do not hold the values.
    """
    stored = _plain(decoded, header)
    values = header.values(number)
    slope, intercept = values.slope, values.intercept
    if header.modality_lut is not None:
        rescale = Rescale(header.modality_lut, slope, intercept)
        stored, slope, intercept = rescale(stored.astype(np.float64)).astype(np.int64), 1.0, 0.0
    least, greatest = int(stored.min()), int(stored.max())
    if greatest - least > 0xFFFF:
        raise UndecodableFrame("16 bits do not hold the values")
    plain = (stored.astype(np.int64) - least).astype(np.int32)
    window = chosen_window(decoded, header, None, number)
    told = {
        "rows": plain.shape[0],
        "columns": plain.shape[1],
        "least": least,
        "slope": slope,
        "intercept": intercept,
        "inverted": header.photometric_interpretation == "MONOCHROME1" or header.presentation_lut_shape == "INVERSE",
        "window": None if window is None else {"center": window.center, "width": window.width},
        "sum": int(plain.sum()) & 0xFFFFFFFF,
    }
    head = json.dumps(told, allow_nan=False).encode()
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP, strategy=zlib.Z_RLE)
    return packer.compress(struct.pack(">I", len(head)) + head + _planes(plain)) + packer.flush()


def _plain(decoded: DecodedFrame, header: ImageHeader) -> npt.NDArray[Any]:
    pixels = decoded.pixels
    if pixels.ndim != 2 or header.palette is not None:
        raise UndecodableFrame("colour has no window")
    if pixels.dtype.kind not in "iu" or not pixels.size:
        raise UndecodableFrame("16 bits do not hold the values")
    covered = header.overlays or header.presentation is not None or header.pixel_aspect != 1.0
    if covered or decoded.lost_from is not None or levels_of(*pixels.shape) is not None:
        raise UndecodableFrame("a window is not the whole picture")
    return pixels


def _planes(plain: npt.NDArray[np.int32]) -> bytes:
    before = np.zeros_like(plain)
    before[1:, 1:] = (plain[1:, :-1] + plain[:-1, 1:]) >> 1
    before[0, 1:], before[1:, 0] = plain[0, :-1], plain[:-1, 0]
    changes = (plain - before).astype(np.int16)  # modulo 2^16: with it the way back is exact for any leap
    folded = ((changes << 1) ^ (changes >> 15)).view(np.uint16)
    return (folded >> 8).astype(np.uint8).tobytes() + folded.astype(np.uint8).tobytes()
