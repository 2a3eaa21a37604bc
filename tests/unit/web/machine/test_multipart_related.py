"""The multipart reader: same parts wherever the body is cut, clear errors for everything else."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidInput, StoreUnavailable
from app.web.machine.dicomweb.multipart_related import Limits, read_parts
from deploy.testbed.multipart import BOUNDARY, body
from tests.factories.reach import must_reach, reached

SPOOL = Path(tempfile.gettempdir())
LIMITS = Limits(part_bytes=10_000, parts=50, header_bytes=200, memory_bytes=64)


class Trickle:
    """A stream that gives its pieces one by one, as a network does."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def read(self, size: int, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def parts_of(stream: Trickle | io.BytesIO, limits: Limits = LIMITS) -> list[tuple[str, bytes, bool]]:
    found = []
    for part in read_parts(stream, BOUNDARY, limits, SPOOL):
        with part.file:
            content = part.file.read()
            assert len(content) == part.size
            found.append((part.content_type, content, part.oversized))
    return found


PARTS_OF_A_BOUNDARY = tuple(b"\r\n--" + BOUNDARY.encode()[:length] for length in range(len(BOUNDARY)))
TRICKY = [b"", b"\r\n", b"--", b"\r\n--edge-of", b"\r\n--edge-of-part", b"a\r\n\r\nb", b"\x00" * 300, b"DICM\r\n--"]


def test_every_cut_of_the_body_gives_the_same_parts() -> None:
    whole = body(TRICKY)
    expected = [("application/dicom", data, False) for data in TRICKY]
    assert parts_of(io.BytesIO(whole)) == expected
    for cut in range(1, len(whole)):
        assert parts_of(Trickle(whole[:cut], whole[cut:])) == expected, cut


def test_one_byte_at_a_time_gives_the_same_parts() -> None:
    whole = body(TRICKY)
    pieces = [whole[at : at + 1] for at in range(len(whole))]
    assert [content for _, content, _ in parts_of(Trickle(*pieces))] == TRICKY


@must_reach("a boundary cut in two", "several parts", "an empty part")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_any_contents_survive_any_cuts(contents: list[bytes], sizes: list[int]) -> None:
    whole, pieces, at = body(contents), [], 0
    for size in sizes:
        pieces.append(whole[at : at + size])
        at += size
        reached(*(["a boundary cut in two"] if whole[:at].endswith(PARTS_OF_A_BOUNDARY) else []))
    reached(*(["several parts"] if len(contents) > 1 else []), *(["an empty part"] if b"" in contents else []))
    assert [content for _, content, _ in parts_of(Trickle(*pieces, whole[at:]))] == contents


@must_reach("parts", "an error", times=5)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_body_gives_parts_or_a_clear_error_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(body([b"one", b"two" * 50]))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    got, reason = parts_until_error(io.BytesIO(bytes(whole)))
    reached(*(["parts"] if got else []), *(["an error"] if reason else []))


@pytest.mark.parametrize("cut", [0, 1, 20, 60, -3, -20])
def test_a_body_without_its_closing_boundary_is_broken(cut: int) -> None:
    with pytest.raises(InvalidInput):
        parts_of(io.BytesIO(body([b"content"])[:cut]))


def parts_until_error(stream: io.BytesIO) -> tuple[list[bytes], str]:
    got = []
    try:
        for part in read_parts(stream, BOUNDARY, LIMITS, SPOOL):
            with part.file:
                got.append(part.file.read())
    except InvalidInput as error:
        return got, error.reason
    return got, ""


def test_parts_before_the_break_come_before_the_error() -> None:
    got, reason = parts_until_error(io.BytesIO(body([b"first", b"second", b"third"])[:-30]))
    assert got == [b"first", b"second"]
    assert reason == "ends before its closing boundary"


@pytest.mark.parametrize(
    "broken",
    [
        b"no multipart at all",
        b"--other-boundary\r\n\r\nx\r\n--other-boundary--\r\n",
        b"--edge-of-parts\r\n: no name\r\n\r\nx\r\n--edge-of-parts--",
        b"--edge-of-parts\r\nX: " + b"y" * 5000 + b"\r\n\r\nx\r\n--edge-of-parts--",
        b"--edge-of-parts\r\n" + b"X: y\r\n" * 100 + b"\r\nx\r\n--edge-of-parts--",
        b"--edge-of-parts\r\n" * 4000,
    ],
)
def test_malformed_bodies_are_refused(broken: bytes) -> None:
    with pytest.raises(InvalidInput):
        parts_of(io.BytesIO(broken))


def test_too_many_parts_are_refused_after_the_allowed_ones() -> None:
    got, reason = parts_until_error(io.BytesIO(body([b"x"] * 51)))
    assert len(got) == 50
    assert reason == "has more than 50 parts"


def test_an_oversized_part_keeps_only_its_start_and_harms_no_other() -> None:
    found = parts_of(io.BytesIO(body([b"a" * 9_999, b"b" * 10_001, b"c"])))
    assert [(len(content), oversized) for _, content, oversized in found] == [
        (9_999, False),
        (10_000, True),
        (1, False),
    ]


def test_the_parts_type_is_read_without_its_parameters() -> None:
    whole = body([b"x"], part_type="Application/DICOM; transfer-syntax=1.2.840.10008.1.2.1")
    assert parts_of(io.BytesIO(whole))[0][0] == "application/dicom"
    assert parts_of(io.BytesIO(body([b"x"], part_type=None)))[0][0] == ""


def test_a_server_error_while_reading_means_a_broken_body() -> None:
    class Gone:
        def read(self, size: int, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(InvalidInput, match="ended early"):
        list(read_parts(Gone(), BOUNDARY, LIMITS, SPOOL))


@pytest.mark.parametrize("boundary", ["", "x" * 10_000, "\u4e2d"])
def test_unusable_boundaries_are_refused(boundary: str) -> None:
    with pytest.raises(InvalidInput):
        list(read_parts(io.BytesIO(b"--x--"), boundary, LIMITS, SPOOL))


def test_only_a_part_that_outgrows_its_memory_lies_in_a_file() -> None:
    found = {}
    for part in read_parts(io.BytesIO(body([b"a" * 64, b"b" * 65])), BOUNDARY, LIMITS, SPOOL):
        with part.file:
            found[part.file.read()] = isinstance(part.file, io.BytesIO)
    assert found == {b"a" * 64: True, b"b" * 65: False}


def test_a_spool_folder_that_takes_nothing_is_said_after_the_parts_that_fit(tmp_path: Path) -> None:
    parts = read_parts(Trickle(body([b"a", b"b" * 100])), BOUNDARY, LIMITS, tmp_path / "gone")
    with pytest.raises(StoreUnavailable):
        list(parts)
