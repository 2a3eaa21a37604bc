"""Sealed database fields and their blind indexes."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FieldRefused
from app.security.blind_index import BlindIndex, normalise
from app.security.fields import COLUMN_FORM, BindingPhase, FieldSealer, Place

SEALER = FieldSealer(b"f" * 32)
FORMER = FieldSealer(b"f" * 32, BindingPhase.UNBOUND)
ROW = uuid.UUID(int=1)
NAME = Place("patient", "name_sealed", ROW)
ELSEWHERE = (
    NAME._replace(row=uuid.UUID(int=2)),
    NAME._replace(column="phone_sealed"),
    NAME._replace(table="study"),
)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([SEALER, FORMER]))
def test_a_field_opens_to_what_was_sealed(text: str, sealer: FieldSealer) -> None:
    assert sealer.open(sealer.seal(text, NAME), NAME) == text


def test_equal_names_do_not_look_equal_when_sealed() -> None:
    assert SEALER.seal("王小东", NAME) != SEALER.seal("王小东", NAME)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_a_field_moved_to_another_row_column_or_table_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(FieldRefused):
        SEALER.open(SEALER.seal("王小东", NAME), elsewhere)


def test_a_field_that_was_altered_or_sealed_with_another_key_does_not_open() -> None:
    blob = SEALER.seal("王小东", NAME)
    with pytest.raises(FieldRefused):
        FieldSealer(b"g" * 32).open(blob, NAME)
    for sealer in (SEALER, FORMER):  # also nothing of the second form opens as one of the first
        for position in range(len(blob)):
            for flipped in (1, 3):
                altered = bytearray(blob)
                altered[position] ^= flipped
                with pytest.raises(FieldRefused):
                    sealer.open(bytes(altered), NAME)
    for length in range(len(blob)):
        with pytest.raises(FieldRefused):
            SEALER.open(blob[:length], NAME)


def test_the_first_form_is_written_until_binding_begins_and_read_until_it_ends() -> None:
    sealer = FieldSealer(b"f" * 32, BindingPhase.UNBOUND)
    first = sealer.seal("王小东", NAME)
    assert first[:1] == COLUMN_FORM
    sealer.advance(BindingPhase.BINDING)
    assert sealer.open(first, NAME) == FORMER.open(sealer.seal("王小东", NAME), NAME) == "王小东"
    assert sealer.seal("王小东", NAME)[:1] != COLUMN_FORM
    sealer.advance(BindingPhase.BOUND)
    with pytest.raises(FieldRefused):
        sealer.open(first, NAME)
    sealer.advance(BindingPhase.UNBOUND)  # never back
    with pytest.raises(FieldRefused):
        sealer.open(first, NAME)
    assert sealer.reading_both().open(first, NAME) == "王小东"
    assert sealer.phase is BindingPhase.BOUND


def test_a_field_of_the_first_form_is_still_what_the_release_before_wrote() -> None:
    """Made by that release under the key of `f`s."""
    blob = bytes.fromhex("01000102030405060708090a0b0fd225e22e879d82e5b8b31e7bf543c2468ee609724d01d141")
    assert FORMER.open(blob, NAME) == "王小东"


def test_the_error_names_the_column_and_the_row_and_not_the_content() -> None:
    with pytest.raises(FieldRefused, match=r"patient\.name") as caught:
        SEALER.open(b"", NAME)
    assert (caught.value.field, caught.value.row) == ("patient.name", ROW)
    assert caught.value.__cause__ is caught.value.__context__ is None


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
