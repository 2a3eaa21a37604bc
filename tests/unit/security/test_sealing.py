"""STREAM sealing: what opens, and every attack on the order, number and origin of chunks that must not."""

from collections.abc import Iterator
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import UnsealError
from app.security import sealing
from app.security.sealing import HEADER_BYTES, TAG_BYTES
from tests.factories.reach import must_reach, reached

KEY = b"k" * 32
KEY_ID = uuid4()
NAME = "studies/aa/01/02"
CHUNK = 16
STRIDE = CHUNK + TAG_BYTES
PLAIN = bytes(range(CHUNK * 3 + 5))


def seal(plain: bytes = PLAIN, key: bytes = KEY, key_id: UUID = KEY_ID, name: str = NAME, version: int = 1) -> bytes:
    return b"".join(sealing.seal(key, key_id, name, version, [plain], CHUNK))


def opened(sealed: bytes, key: bytes = KEY, name: str = NAME, version: int = 1) -> bytes:
    return b"".join(sealing.open_all(key, name, version, [sealed]))


def chunks_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    body = sealed[HEADER_BYTES:]
    return sealed[:HEADER_BYTES], [body[start : start + STRIDE] for start in range(0, len(body), STRIDE)]


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    borders = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(borders):
        yield data[start:end]


plains = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    st.binary(min_size=40, max_size=200),
    st.integers(1, 12).map(lambda chunks: bytes(range(CHUNK)) * chunks),
)


@must_reach("several chunks, cut", "a last chunk that is full", "nothing")
@given(plain=plains, cuts=st.lists(st.integers(0, 10_000)), more_cuts=st.lists(st.integers(0, 10_000)))
def test_any_bytes_in_any_pieces_come_back(plain: bytes, cuts: list[int], more_cuts: list[int]) -> None:
    sealed = b"".join(sealing.seal(KEY, KEY_ID, NAME, 7, pieces(plain, cuts), CHUNK))
    assert b"".join(sealing.open_all(KEY, NAME, 7, pieces(sealed, more_cuts))) == plain
    states = {
        "several chunks, cut": len(plain) > CHUNK and bool(cuts) and bool(more_cuts),
        "a last chunk that is full": bool(plain) and len(plain) % CHUNK == 0,
        "nothing": not plain,
    }
    reached(*(state for state, is_reached in states.items() if is_reached))
    assert sealing.plain_size(len(sealed), sealed[:HEADER_BYTES]) == len(plain)


@must_reach("over a border", "past the end", "within one chunk")
@given(
    plain=plains | st.binary(min_size=100, max_size=200),
    offset=st.integers(0, 250),
    length=st.integers(0, 250) | st.integers(0, 12),
)
@example(plain=PLAIN, offset=CHUNK - 1, length=2)
@example(plain=PLAIN, offset=CHUNK, length=CHUNK)
def test_an_opened_range_is_the_slice_of_the_plain_bytes(plain: bytes, offset: int, length: int) -> None:
    sealed = seal(plain)
    part = sealing.open_range(
        lambda start, count: sealed[start : start + count], len(plain), KEY, NAME, 1, offset, length
    )
    assert part == plain[offset : offset + length]
    if part:
        reached("over a border" if offset // CHUNK != (offset + len(part) - 1) // CHUNK else "within one chunk")
    if offset + length > len(plain):
        reached("past the end")


def test_the_header_names_the_data_key_and_the_chunk_size() -> None:
    header = sealing.Header.from_bytes(seal()[:HEADER_BYTES])
    assert (header.key_id, header.chunk_bytes, HEADER_BYTES) == (KEY_ID, CHUNK, 31)


def test_sealing_twice_never_repeats_a_nonce_prefix() -> None:
    assert len({seal()[20:27] for _ in range(50)}) == 50


def test_swapped_chunks_fail() -> None:
    header, chunks = chunks_of(seal())
    for first, second in ((0, 1), (1, 2), (0, 3)):
        swapped = list(chunks)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        with pytest.raises(UnsealError):
            opened(header + b"".join(swapped))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_an_object_cut_anywhere_fails_also_at_a_chunk_border(size: int) -> None:
    sealed = seal(PLAIN[:size])
    for length in range(len(sealed)):
        with pytest.raises(UnsealError):
            opened(sealed[:length])


def test_a_range_of_a_cut_object_fails_when_it_reaches_the_cut() -> None:
    sealed = seal()[:-STRIDE]

    def read_range(start: int, count: int) -> bytes:
        return sealed[start : start + count]

    with pytest.raises(UnsealError):
        sealing.open_range(read_range, len(PLAIN), KEY, NAME, 1, 0, len(PLAIN))
    shorter = sealing.plain_size(len(sealed), sealed[:HEADER_BYTES])
    with pytest.raises(UnsealError):
        sealing.open_range(read_range, shorter, KEY, NAME, 1, shorter - 1, 1)


def test_a_lost_chunk_in_the_middle_fails() -> None:
    header, chunks = chunks_of(seal())
    with pytest.raises(UnsealError):
        opened(header + chunks[0] + chunks[2] + chunks[3])


def test_a_repeated_last_chunk_fails() -> None:
    header, chunks = chunks_of(seal(PLAIN[: 2 * CHUNK]))
    with pytest.raises(UnsealError):
        opened(header + b"".join(chunks) + chunks[-1])


def test_bytes_after_the_end_fail() -> None:
    for extra in (b"\x00", bytes(TAG_BYTES), bytes(STRIDE)):
        with pytest.raises(UnsealError):
            opened(seal() + extra)


@pytest.mark.parametrize(
    "foreign",
    [
        seal(name="studies/aa/01/03"),
        seal(version=2),
        seal(key=b"x" * 32),
        seal(key_id=uuid4()),
        seal(),  # the same plain bytes at the same place, sealed another time
    ],
    ids=["other object", "other version", "other key", "other key id", "other sealing"],
)
def test_a_chunk_spliced_in_from_elsewhere_fails(foreign: bytes) -> None:
    header, chunks = chunks_of(seal())
    for position in range(len(chunks)):
        spliced = list(chunks)
        spliced[position] = chunks_of(foreign)[1][position]
        with pytest.raises(UnsealError):
            opened(header + b"".join(spliced))


def test_a_whole_object_put_in_another_place_fails() -> None:
    for kwargs in ({"name": "studies/aa/01/03"}, {"version": 2}, {"key": b"x" * 32}):
        with pytest.raises(UnsealError):
            opened(seal(), **kwargs)  # type: ignore[arg-type]


def test_any_flipped_bit_fails_in_header_and_chunks() -> None:
    sealed = seal(PLAIN[: CHUNK + 3])
    for position in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[position // 8] ^= 1 << position % 8
        with pytest.raises(UnsealError):
            opened(bytes(altered))


def test_a_range_under_an_altered_header_fails() -> None:
    sealed = seal()
    for position in range(HEADER_BYTES):
        altered = bytearray(sealed)
        altered[position] ^= 1

        def read_range(start: int, count: int, altered: bytes = bytes(altered)) -> bytes:
            return altered[start : start + count]

        with pytest.raises(UnsealError):
            sealing.open_range(read_range, len(PLAIN), KEY, NAME, 1, 0, 5)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_each_frame_of_a_pack_opens_alone(frames: list[bytes]) -> None:
    header, *chunks = sealing.seal_pack(KEY, KEY_ID, NAME, 1, iter(frames))
    assert (len(header), len(chunks)) == (HEADER_BYTES, len(frames))
    last = len(frames) - 1
    for index, chunk in enumerate(chunks):
        assert sealing.open_frame(KEY, NAME, 1, header, chunk, index, index == last) == frames[index]


def test_a_frame_under_another_number_or_another_last_flag_fails() -> None:
    header, chunk, _ = sealing.seal_pack(KEY, KEY_ID, NAME, 1, [b"one", b"two"])
    for index, last in ((1, False), (1, True), (0, True)):
        with pytest.raises(UnsealError):
            sealing.open_frame(KEY, NAME, 1, header, chunk, index, last)


def test_a_pack_is_not_taken_for_a_plain_object_nor_empty() -> None:
    packed = b"".join(sealing.seal_pack(KEY, KEY_ID, NAME, 1, [b"one"]))
    with pytest.raises(UnsealError, match="frame by frame"):
        opened(packed)
    with pytest.raises(ValueError, match="at least one"):
        list(sealing.seal_pack(KEY, KEY_ID, NAME, 1, []))
