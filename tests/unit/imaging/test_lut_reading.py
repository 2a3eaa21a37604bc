"""Look-up tables as headers hold them: numbers, bytes, eight bits in sixteen, segments."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import Dataset, Sequence

from app.imaging.errors import NotShown, UnsupportedImage
from app.imaging.header.lut import Lut, entries
from app.imaging.header.lut_reading import expand_segments, read_lut, read_palette


def with_lut(descriptor: list[int], data: object) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", descriptor)
    item.add_new(0x00283006, "OW" if isinstance(data, bytes) else "US", data)
    ds = Dataset()
    ds.VOILUTSequence = Sequence([item])
    return ds


def with_palette(data: bytes, descriptor: list[int], *, segmented: bool = False) -> Dataset:
    ds = Dataset()
    for element in (1, 2, 3):
        ds.add_new(0x00281100 + element, "US", descriptor)
        ds.add_new((0x00281220 if segmented else 0x00281200) + element, "OW", data)
    return ds


def values_of(lut: Lut | None) -> list[int]:
    assert lut is not None
    return entries(lut).astype(int).tolist()


@pytest.mark.parametrize("data", [[1, 2, 4095], np.array([1, 2, 4095], "<u2").tobytes()])
def test_entries_come_as_numbers_or_as_bytes(data: object) -> None:
    lut = read_lut(with_lut([3, 0, 12], data), "VOILUTSequence", signed=False)
    assert values_of(lut) == [1, 2, 4095]
    assert lut is not None
    assert lut.top == 4095


def test_entries_of_eight_bits_may_share_a_word() -> None:
    assert values_of(read_lut(with_lut([3, 0, 8], bytes([7, 8, 9, 0])), "VOILUTSequence", signed=False)) == [7, 8, 9]


@pytest.mark.parametrize("data", [[0x0807, 0x0A09, 0x000B], bytes([7, 8, 9, 10, 11]), bytes([7, 8, 9, 10, 11, 0])])
def test_entries_of_eight_bits_may_share_a_word_whatever_the_vr(data: object) -> None:
    assert values_of(read_lut(with_lut([5, 0, 8], data), "VOILUTSequence", signed=False)) == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("data", [list(range(0, 4000, 400)), np.arange(0, 4000, 400, "<u2").tobytes()])
def test_a_table_that_holds_fewer_entries_than_it_says_ends_earlier(data: object) -> None:
    table = read_lut(with_lut([12, 0, 12], data), "VOILUTSequence", signed=False)
    assert values_of(table) == list(range(0, 4000, 400))


@pytest.mark.parametrize(("signed", "first"), [(True, -1024), (False, 64512)])
def test_the_first_mapped_value_has_a_sign_where_pixels_have_one(signed: bool, first: int) -> None:
    lut = read_lut(with_lut([2, 64512, 8], [0, 255]), "VOILUTSequence", signed=signed)
    assert lut is not None
    assert lut.first == first


def test_zero_entries_mean_all_sixteen_bits() -> None:
    lut = read_lut(with_lut([0, 0, 16], np.arange(65536, dtype="<u2").tobytes()), "VOILUTSequence", signed=False)
    assert len(values_of(lut)) == 65536


def test_a_table_that_outgrows_its_bits_is_scaled_by_what_it_holds() -> None:
    assert Lut.of(0, [0, 1000], bits=8).top == 1000


def test_values_outside_take_the_nearest_entry() -> None:
    found = Lut.of(10, [5, 6, 7]).look_up(np.array([-1e9, 10, 11, 12, 1e9, np.nan]))
    assert found.tolist() == [5, 5, 6, 7, 7, 5]


def test_segments_expand_as_the_standard_shows() -> None:
    """PS3.3 C.7.9.2: three values, a line from 3 to 9 in three steps, then both again."""
    discrete, line, again = [0, 3, 1, 2, 3], [1, 3, 9], [2, 2, 0, 0]
    assert expand_segments([*discrete, *line, *again], 2) == [1, 2, 3, 5, 7, 9, 1, 2, 3, 5, 7, 9]


def test_a_segmented_palette_is_read() -> None:
    words = np.array([0, 1, 0, 1, 255, 65535], "<u2").tobytes()
    red, _, _ = read_palette(with_palette(words, [256, 0, 16], segmented=True), signed=False)
    assert values_of(red)[::51] == [0, 13107, 26214, 39321, 52428, 65535]


@pytest.mark.parametrize("words", [[1, 5, 9], [0, 9, 1], [2, 1, 0, 0], [7, 1, 1], [2, 65535, 4, 0]])
def test_segments_that_make_no_sense_are_refused(words: list[int]) -> None:
    with pytest.raises(UnsupportedImage):
        expand_segments(words, 2)


def test_segments_that_repeat_themselves_end_at_the_largest_table() -> None:
    discrete = [0, 4, 1, 2, 3, 4]
    assert len(expand_segments([*discrete, *([2, 1, 0, 0] * 16_383)], 2)) == 65_536
    with pytest.raises(UnsupportedImage, match=NotShown.TABLE_TOO_LONG):
        expand_segments([*discrete, *([2, 1, 0, 0] * 16_384)], 2)


def test_nineteen_kilobytes_of_segments_do_not_become_gigabytes() -> None:
    """One repeat of a long ramp, asked for thousands of times."""
    ramp = [0, 1, 0, 1, 65_535, 9]
    with pytest.raises(UnsupportedImage, match=NotShown.TABLE_TOO_LONG):
        expand_segments([*ramp, *([2, 60_000, 6, 0] * 2_400)], 2)


def test_a_missing_palette_is_named() -> None:
    with pytest.raises(UnsupportedImage, match="palette"):
        read_palette(Dataset(), signed=False)
