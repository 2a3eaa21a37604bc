"""Sealed database fields and their blind indexes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UnsealError
from app.security.blind_index import BlindIndex, normalise
from app.security.fields import FieldSealer

SEALER = FieldSealer(b"f" * 32)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_field_opens_to_what_was_sealed(text: str) -> None:
    assert SEALER.open(SEALER.seal(text, "patient.name"), "patient.name") == text


def test_equal_names_do_not_look_equal_when_sealed() -> None:
    assert SEALER.seal("王小东", "patient.name") != SEALER.seal("王小东", "patient.name")


def test_a_field_moved_to_another_column_or_altered_does_not_open() -> None:
    blob = SEALER.seal("王小东", "patient.name")
    with pytest.raises(UnsealError):
        SEALER.open(blob, "patient.phone")
    with pytest.raises(UnsealError):
        FieldSealer(b"g" * 32).open(blob, "patient.name")
    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(UnsealError):
            SEALER.open(bytes(altered), "patient.name")
    for length in range(len(blob)):
        with pytest.raises(UnsealError):
            SEALER.open(blob[:length], "patient.name")


def test_the_error_names_the_column_and_not_the_content() -> None:
    with pytest.raises(UnsealError, match=r"patient\.name") as caught:
        SEALER.open(b"", "patient.name")
    assert caught.value.__cause__ is None


def test_a_blind_index_finds_the_same_value_however_it_was_typed() -> None:
    index = BlindIndex(b"b" * 32)
    assert index.of("phone", " 13800000000 ") == index.of("phone", "１３８００００００００")
    assert index.of("id", "11010119900101001X") == index.of("id", "11010119900101001x")
    assert len(index.of("id", "")) == 32


def test_a_blind_index_tells_apart_values_purposes_and_keys() -> None:
    index = BlindIndex(b"b" * 32)
    images = {
        index.of("phone", "1"),
        index.of("phone", "2"),
        index.of("name", "1"),
        BlindIndex(b"c" * 32).of("phone", "1"),
        index.of("phon", "e1"),
    }
    assert len(images) == 5


def test_normalise_is_idempotent_on_a_full_width_name() -> None:
    assert normalise(" ＷＡＮＧ　") == "wang" == normalise(normalise(" ＷＡＮＧ　"))
