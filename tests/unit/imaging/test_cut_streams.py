"""Of a JPEG stream whose end is missing the rows that are there are decoded, and it is known which are not."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest

from app.imaging.codecs.decode import decode_frame
from tests.factories.images import image_header

BASELINE, EXTENDED, LOSSLESS = (f"1.2.840.10008.1.2.4.{end}" for end in ("50", "51", "70"))


@pytest.mark.parametrize(
    ("syntax", "bits", "encode"),
    [
        (BASELINE, 8, lambda pixels: imagecodecs.jpeg8_encode(pixels.astype(np.uint8), level=95)),
        (EXTENDED, 12, lambda pixels: imagecodecs.jpeg8_encode(pixels * 16, level=95, bitspersample=12)),
        (LOSSLESS, 8, lambda pixels: imagecodecs.ljpeg_encode(pixels.astype(np.uint8))),
        (LOSSLESS, 16, lambda pixels: imagecodecs.ljpeg_encode(pixels * 256)),
    ],
)
def test_the_rows_before_the_cut_are_those_of_the_whole_stream(syntax: str, bits: int, encode: Any) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 32)).astype(np.uint16)
    stream = bytes(encode(pixels))
    allocated = 8 if bits == 8 else 16
    header = image_header(
        transfer_syntax_uid=syntax,
        rows=64,
        columns=32,
        bits_allocated=allocated,
        bits_stored=bits,
        high_bit=bits - 1,
        signed=False,
    )
    whole = decode_frame(header, stream)
    assert whole.lost_from is None
    cut = decode_frame(header, stream[: len(stream) // 2])
    assert cut.lost_from is not None
    assert 16 <= cut.lost_from <= 48
    assert (cut.pixels[: cut.lost_from - 16] == whole.pixels[: cut.lost_from - 16]).all()
    only_the_end = decode_frame(header, stream[:-2])
    assert only_the_end.lost_from == 64
    assert (only_the_end.pixels[:56] == whole.pixels[:56]).all()
