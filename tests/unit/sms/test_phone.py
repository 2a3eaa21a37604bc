"""Phone numbers."""

from __future__ import annotations

import pytest

from sms.errors import InvalidPhone
from sms.phone import is_mainland, mask, normalise, parts


@pytest.mark.parametrize(
    "raw",
    ["13900000001", "+8613900000001", "008613900000001", "8613900000001", " 139 0000-0001 ", "１３９０００００００１"],
)
def test_one_number_has_one_form(raw: str) -> None:
    assert normalise(raw) == "+8613900000001"


@pytest.mark.parametrize(
    "raw", ["", "12900000001", "1390000000", "139000000011", "+85212", "022-87654321", "1390000000a"]
)
def test_what_is_no_mobile_number_is_refused_without_quoting_it(raw: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalise(raw)
    assert not raw or raw not in str(caught.value)


def test_a_masked_number_hides_its_middle() -> None:
    assert mask("+8613912340001") == "139****0001"


def test_a_foreign_number_keeps_its_country() -> None:
    assert normalise("+852 9123 4567") == "+85291234567"
    assert parts("+85291234567") == ("852", "91234567")
    assert parts("+8613900000001") == ("86", "13900000001")
    assert not is_mainland("+85291234567")
