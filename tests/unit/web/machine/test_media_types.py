"""Media types and their negotiation."""

from __future__ import annotations

import pytest

from app.errors import InvalidInput
from app.web.machine.dicomweb.media_types import MediaType, accepted, best


@pytest.mark.parametrize(
    "text",
    [
        'multipart/related; type="application/dicom"; boundary="a;b,c/d"',
        "Multipart/Related;TYPE=application/dicom;boundary=a",
        "multipart/related; boundary=x; type=application/dicom; transfer-syntax=*",
    ],
)
def test_the_root_type_is_found_quoted_or_not(text: str) -> None:
    assert MediaType.parse(text).root == "application/dicom"


def test_quoted_values_keep_their_separators() -> None:
    assert MediaType.parse('multipart/related; boundary="a;b,c/d"').parameters["boundary"] == "a;b,c/d"


def test_the_dearest_accepted_type_wins() -> None:
    wanted = accepted("image/jpeg;q=0.2, image/png, image/gif;q=0")
    assert best(wanted, ("image/jpeg", "image/png", "image/gif")) == "image/png"


def test_ranges_take_the_first_offer() -> None:
    assert best(accepted("image/*"), ("image/jpeg", "image/png")) == "image/jpeg"
    assert best(accepted(None), ("image/jpeg", "image/png")) == "image/jpeg"


def test_nothing_acceptable_is_none() -> None:
    assert best(accepted("text/html"), ("image/jpeg",)) is None
    assert best(accepted("image/jpeg;q=0"), ("image/jpeg",)) is None


def test_commas_inside_quotes_part_nothing() -> None:
    wanted = accepted('multipart/related; type="a,b"; q=0.5, text/plain')
    assert [item.name for item in wanted] == ["text/plain", "multipart/related"]


def test_an_accept_list_of_absurd_length_is_refused() -> None:
    with pytest.raises(InvalidInput):
        accepted("text/html," * 1000)
