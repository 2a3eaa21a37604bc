"""Phone numbers."""

from __future__ import annotations

import pytest

from sms.errors import InvalidPhone
from sms.phone import mask, normalise


@pytest.mark.parametrize(
    "raw",
    ["13900000001", "+8613900000001", "008613900000001", "8613900000001", " 139 0000-0001 ", "１３９０００００００１"],
)
def test_one_number_has_one_form(raw: str) -> None:
    assert normalise(raw) == "+8613900000001"


@pytest.mark.parametrize(
    "raw", ["", "12900000001", "1390000000", "139000000011", "+85291234567", "022-87654321", "1390000000a"]
)
def test_what_is_no_mainland_mobile_number_is_refused_without_quoting_it(raw: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        normalise(raw)
    assert not raw or raw not in str(caught.value)


def test_a_masked_number_hides_its_middle() -> None:
    assert mask("+8613912340001") == "139****0001"
