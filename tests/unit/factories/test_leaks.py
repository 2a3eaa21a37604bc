"""The search for what must stay unsaid finds it, and is not led astray by chance."""

from __future__ import annotations

import uuid

import pytest

from tests.factories.leaks import leaks

ID = uuid.UUID("13900000001a4c2d8e1f120101196027")
UID = f"2.25.{ID.int}"


@pytest.mark.parametrize(
    "text",
    ["phone 13912345678.", "x139", f"{ID.hex}139", f"{UID}.139", "{'name': '\\u674e\\u5a1c'}", "李娜", "12:00:01 139"],
)
def test_a_short_secret_is_found_beside_ids_and_in_json(text: str) -> None:
    assert leaks(("139", "李"), text)


@pytest.mark.parametrize("text", [ID.hex, str(ID), f"study:{UID}", "2026-11-24T22:35:04.139001Z", ""])
def test_a_short_secret_that_chance_wrote_is_not_taken_for_one(text: str) -> None:
    assert leaks(("139", "1960"), text.replace(str(ID.int), "139196013919601960")) == []


def test_a_long_secret_is_found_even_when_it_looks_like_an_id() -> None:
    assert leaks((ID.hex,), f"'{ID.hex}'") == [ID.hex]
