"""Numbers that people are known by: what is forgiven, what is refused, and the check digit of the standard."""

from __future__ import annotations

from datetime import date

import pytest

from app.demo.people import id_number
from app.identity.numbers import check_digit, document_number, phone_number


@pytest.mark.parametrize(
    ("body", "last"), [("11010519491231002", "X"), ("44052418800101001", "4")], ids=["woman", "man"]
)
def test_the_check_digit_is_that_of_the_standards_own_examples(body: str, last: str) -> None:
    assert check_digit(body) == last
    assert document_number(body + last) == body + last
    for wrong in set("0123456789X") - {last}:
        with pytest.raises(ValueError, match="check digit"):
            document_number(body + wrong)


def test_every_single_wrong_digit_and_every_swap_of_two_neighbours_is_noticed() -> None:
    right = "11010519491231002X"
    one_wrong = {
        right[:at] + digit + right[at + 1 :] for at in range(17) for digit in "0123456789" if digit != right[at]
    }
    swapped = {right[:at] + right[at + 1] + right[at] + right[at + 2 :] for at in range(16)} - {right}
    for wrong in one_wrong | swapped:
        with pytest.raises(ValueError, match="check digit"):
            document_number(wrong)


@pytest.mark.parametrize("body", ["", "1" * 16, "1" * 18, "1" * 16 + "x"])
def test_a_check_digit_is_of_17_digits_only(body: str) -> None:
    with pytest.raises(ValueError):
        check_digit(body)


def test_the_demos_people_have_valid_numbers() -> None:
    for serial in range(50):
        number = id_number(date(1960, 2, 29), serial, "MF"[serial % 2])
        assert document_number(number) == number


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 11010519491231002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105-19491231-002X",
        *(f"11010519491231002{x}" for x in "×Х*"),
    ],
)
def test_small_letters_groups_full_width_digits_and_what_stands_for_an_x_are_forgiven(typed: str) -> None:
    assert document_number(typed) == "11010519491231002X"


def test_a_number_of_the_first_generation_is_that_of_todays_card() -> None:
    assert document_number("110105491231002") == "11010519491231002X"
    assert document_number(" 110105 491231 002 ") == "11010519491231002X"


@pytest.mark.parametrize("other", ["110105491331002", "110105490230002", "000000000000000"])
def test_fifteen_digits_that_hold_no_birthday_are_another_documents(other: str) -> None:
    assert document_number(other) == other


@pytest.mark.parametrize("other", ["H12345678", "E1234567", "(A)1234/5-6"])
def test_another_documents_number_is_taken_as_it_is(other: str) -> None:
    assert document_number(other) == other


@pytest.mark.parametrize("value", [None, 110105194912310021, "", "A1", "----", "A" * 25, "护照12345"])
def test_what_is_no_documents_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        document_number(value)


@pytest.mark.parametrize(
    "typed",
    [
        "13900000001",
        "+86 139-0000-0001",
        "0086 13900000001",
        "8613900000001",
        "１３９０００００００１",
        "013900000001",
        "(+86)13900000001",
        "（+86）139 0000 0001",
        "+86 (0)139 0000 0001",
        "86-139-0000-0001",
        "139.0000.0001",
        "139—0000–0001",
        "tel:+86-139-0000-0001",
        "tel:139-0000-0001;phone-context=+86",
        "TEL: 13900000001",
        "手机：13900000001",
        "\u202d139 0000 0001\u202c",
        "139\u00a00000\u00a00001",
        "联系电话：13900000001",
        "手机号码: 139 0000 0001",
        "本人13900000001",
        "13900000001（本人）",
        "mob. 13900000001",
        "'13900000001",
        "13900000001.0",
        "139_0000_0001",
        "139/0000/0001",
    ],
)
def test_a_mobile_number_is_one_however_it_is_typed(typed: str) -> None:
    assert phone_number(typed) == "+8613900000001"


@pytest.mark.parametrize(
    "value",
    [
        None,
        13900000001,
        "",
        "1390000000",
        "12900000001",
        "+8513900000001",
        "02223456789",
        "13900000001/13900000002",
        "1390000000a",
        "+13900000001",
        "+85291234567",
        "+16502530000",
        "+" * 9,
        "139e0000001",
    ],
)
def test_what_is_no_mobile_number_of_a_region_that_is_taken_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        phone_number(value)


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("+852 9123 4567", "HK", "+85291234567"),
        ("00 853 6612 3456", "MO", "+85366123456"),
        ("+1 (650) 253-0000", "US", "+16502530000"),
    ],
)
def test_a_foreign_mobile_number_is_taken_where_its_region_is(typed: str, region: str, e164: str) -> None:
    assert phone_number(typed, ("CN", region)) == e164
    with pytest.raises(ValueError):
        phone_number(typed)
    assert phone_number("13900000001", ("CN", region)) == "+8613900000001"


def test_blocks_of_the_mainland_that_the_library_does_not_know_yet_are_taken() -> None:
    assert phone_number("14100000000") == "+8614100000000"
