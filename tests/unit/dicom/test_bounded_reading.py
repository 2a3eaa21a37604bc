"""Deflated data sets of every length and padding are inflated, in bounded time and memory, or refused."""

from __future__ import annotations

import io
import random
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.dicom.bounded_reading import inflate
from app.errors import RefusedObject
from tests.factories.patience import within
from tests.factories.reach import must_reach, reached

MIB = 1024 * 1024
START = b"file meta"


def deflated(plain: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(plain) + packer.flush()


def content(length: int, noise: int) -> bytes:
    """`noise` bytes that do not shrink, then zeros: streams end at every place of the blocks they are read in."""
    return random.Random(noise).randbytes(min(noise, length)) + bytes(max(0, length - noise))


@must_reach("more than one step", "padding")
@given(st.integers(0, 3 * MIB), st.integers(0, 200_000), st.integers(0, 9))
@example(MIB + 1, 0, 1)  # the stream ends, padded, in a block that holds more than is inflated at once
@example(2 * MIB, 65_000, 1)
@example(2 * MIB + 1, 0, 0)  # the last block is used up before all of it has come out
@example(2 * MIB, 0, 0)
@settings(max_examples=60, deadline=None)
def test_what_was_deflated_comes_back_whatever_its_length_and_padding(length: int, noise: int, padding: int) -> None:
    plain = content(length, noise)
    reached(*(["more than one step"] if len(plain) > MIB else []), *(["padding"] if padding else []))
    with within(20):
        found = inflate(io.BytesIO(START + deflated(plain) + bytes(padding)), len(START), 4 * MIB)
    assert found.read() == plain


@given(st.integers(1, 3 * MIB), st.integers(0, 200_000), st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_a_stream_that_is_cut_is_refused(length: int, noise: int, missing: int) -> None:
    stream = deflated(content(length, noise))
    with within(20), pytest.raises(RefusedObject, match="truncated"):
        inflate(io.BytesIO(START + stream[:-missing]), len(START), 4 * MIB)


def test_what_lies_behind_the_stream_is_not_read_to_its_end() -> None:
    behind = io.BytesIO(START + deflated(b"data set") + bytes(8 * MIB))
    with within(20):
        assert inflate(behind, len(START), MIB).read() == b"data set"
    assert behind.tell() < MIB


def test_no_more_than_the_limit_and_one_step_is_ever_inflated() -> None:
    with within(20), pytest.raises(RefusedObject, match="inflates_too_large"):
        inflate(io.BytesIO(START + deflated(bytes(64 * MIB))), len(START), 2 * MIB)
