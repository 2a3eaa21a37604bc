"""Ids in addresses: what is none names nothing."""

from __future__ import annotations

import uuid

import pytest

from app.errors import NotFound
from app.web.row_ids import row_id


def test_an_id_is_read_as_we_write_it() -> None:
    some = uuid.uuid4()
    assert row_id(some.hex) == some


@pytest.mark.parametrize("text", ["", "0", "x" * 32, "0" * 31, "0" * 33, "../" + "0" * 32, "０" * 31])
def test_what_is_no_id_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        row_id(text)
