"""The working copy gives back exactly what was decoded, and takes no damaged bytes for pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from app.imaging.codecs.decode import decode_frame
from app.imaging.codecs.working_copy import WORKING_COPY, packed
from app.imaging.display.pictures import draw
from app.imaging.display.plain_values import plain_values
from app.imaging.display.render_spec import PACKED, VALUES, RenderSpec
from app.imaging.errors import UndecodableFrame
from tests.factories.images import frame, image_header
from tests.factories.reach import must_reach, reached

KINDS = ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")
SIZE = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(st.sampled_from(KINDS).flatmap(lambda kind: arrays.arrays(kind, SIZE)))
def test_every_value_comes_back(pixels: np.ndarray) -> None:  # type: ignore[type-arg]
    header = image_header(rows=pixels.shape[0], columns=pixels.shape[1], transfer_syntax_uid=WORKING_COPY)
    found = decode_frame(header, packed(pixels)).pixels
    assert found.dtype == pixels.dtype
    assert found.tobytes() == pixels.tobytes()


@must_reach("decoded", "refused")
@given(st.binary(max_size=60), st.integers(0, 200), st.integers(1, 255))
def test_damaged_bytes_are_refused_or_of_the_described_size(junk: bytes, at: int, flip: int) -> None:
    header = image_header(transfer_syntax_uid=WORKING_COPY)
    good = bytearray(packed(np.arange(24, dtype=np.int16).reshape(4, 6)))
    good[at % len(good)] ^= flip
    whole = packed(np.arange(24, dtype=np.int16).reshape(4, 6))
    for chunk in (junk, whole, bytes(good), bytes(good[:at]), packed(np.zeros((40, 60), np.int16))):
        try:
            assert decode_frame(header, chunk).pixels.shape == (4, 6)
            reached("decoded")
        except UndecodableFrame:
            reached("refused")


def test_what_a_copy_cannot_tell_again_gets_none() -> None:
    pixels = np.zeros((4, 6), np.int16)
    header = image_header()
    whole = frame(pixels)
    assert draw(whole, header, 0, (RenderSpec(fmt=PACKED),)) == [packed(pixels)]
    for other in (
        frame(pixels, lost_from=2),
        replace(whole, planes={15: np.ones((4, 6), np.bool_)}),
        frame(np.zeros((4, 6, 3), np.uint8), "RGB"),
    ):
        assert draw(other, header, 0, (RenderSpec(fmt=PACKED),)) == [b""]


def test_values_come_as_numbers_of_one_kind() -> None:
    pixels = np.arange(24, dtype=np.int16).reshape(4, 6) - 12
    assert draw(frame(pixels), image_header(), 0, (RenderSpec(fmt=VALUES),)) == [pixels.astype("<i2").tobytes()]
    coarse = plain_values(pixels, image_header(), 2)
    assert coarse.tolist() == [[-8, -6, -4], [4, 6, 8]]  # means of -8.5 and so on, to the even side
    assert plain_values(pixels.astype(np.uint8), image_header(signed=False)).dtype == "<u2"
    assert plain_values(pixels.astype(np.float64), image_header(pixel_keyword="DoubleFloatPixelData")).dtype == "<f4"
    with pytest.raises(UndecodableFrame):
        plain_values(np.zeros((4, 6, 3), np.uint8), image_header())
