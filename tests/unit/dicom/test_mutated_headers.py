"""Mutated and real files are read or refused and nothing else."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import RawDataElement

from app.dicom.header_fields import read
from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.errors import RefusedObject
from deploy.testbed.shared_data import files_of
from tests.factories.reach import must_reach, reached
from tests.factories.read_headers import VALID, read_bytes, refusal
from tests.shared_data import needs


def read_or_refuse(data: bytes) -> str:
    """The object's UID or the reason it was refused; any other exception fails the test."""
    try:
        return read_bytes(data).sop_instance_uid
    except RefusedObject as refused:
        return refused.reason


@pytest.mark.parametrize("position", range(0, len(VALID), 7))
def test_a_flipped_byte_never_raises_anything_else(position: int) -> None:
    data = bytearray(VALID)
    data[position] ^= 0xFF
    assert read_or_refuse(bytes(data))


MUTATED = [
    path.read_bytes() for path in (*files_of("objects-a"), *files_of("charset-a")) if path.stat().st_size < 300_000
]


TEXTS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UT"})


@cache
def positions_in_texts(content: bytes) -> tuple[int, ...]:
    """Of the bytes of its texts. UIDs are none of these: without them an object is refused."""
    dataset = dcmread(io.BytesIO(content), force=True)
    raw = [element for tag in dataset.keys() if isinstance(element := dataset.get_item(tag), RawDataElement)]  # noqa: SIM118 - pydicom would convert each value
    return tuple(
        position
        for element in raw
        if (element.VR or "UN") in TEXTS
        for position in range(element.value_tell, element.value_tell + element.length)
    )


@must_reach("read", "refused", times=10)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_mutated_real_files_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """Half of them are cut and changed anywhere, which few survive; of the others only texts are changed."""
    original = data.draw(st.sampled_from(MUTATED or [VALID]))
    if data.draw(st.booleans(), label="only texts"):
        mutated = bytearray(original)
        positions: Sequence[int] = positions_in_texts(original)
    else:
        mutated = bytearray(original[: data.draw(st.integers(0, len(original)), label="length")])
        positions = range(min(len(mutated), 4000))
    for _ in range(data.draw(st.integers(0, 8), label="flips") if positions else 0):
        mutated[data.draw(st.sampled_from(positions))] = data.draw(st.integers(0, 255))
    told = read_or_refuse(bytes(mutated))
    assert told
    reached("refused" if told in set(Refusal) else "read")


READABLE = ("transfer-syntaxes-a", "charset-chinese-a", "cr-dx-chest-a", "us-xa-cine-a", "mg-a", "ko-selfmade-a")


@pytest.mark.parametrize("folder", READABLE)
def test_sound_real_files_are_all_read(folder: str) -> None:
    needs(folder)
    refused: dict[str, str] = {}
    for path in files_of(folder):
        with path.open("rb") as file:
            try:
                read(file, HeaderLimits())
            except RefusedObject as fault:
                refused[path.name] = fault.reason
    # Some old test images have no preamble or belong to no study, and so cannot be Part-10 instances of one.
    assert set(refused.values()) <= {"study_uid_missing", "not_part10"}
    assert len(refused) <= len(files_of(folder)) // 8


def test_the_46341_rows_claim_is_refused_by_its_pixels() -> None:
    data = (needs("malformed-a") / "2026-05-26-oob-monochrome-46341.dcm").read_bytes()
    assert refusal(data) == "too_many_pixels"
