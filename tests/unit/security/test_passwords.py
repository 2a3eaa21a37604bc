"""What a stored password costs whoever stole it, and that only the right one fits."""

from __future__ import annotations

import runpy

import pytest

from app.security import passwords


@pytest.fixture(scope="module")
def production() -> dict[str, object]:
    """The module as it is outside of tests, where a hash costs little."""
    return runpy.run_path(passwords.__file__)


def test_a_hash_costs_what_rfc_9106_recommends(production: dict[str, object]) -> None:
    stored = production["hashed"]("Correct-horse-7")  # type: ignore[operator]
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert production["is_right"]("Correct-horse-7", stored)  # type: ignore[operator]
    assert not production["is_right"]("Correct-horse-8", stored)  # type: ignore[operator]


def test_the_same_password_is_stored_differently_each_time() -> None:
    assert passwords.hashed("Correct-horse-7") != passwords.hashed("Correct-horse-7")


def test_nobodys_password_is_compared_and_never_right() -> None:
    assert not passwords.is_right("Correct-horse-7", None)
    assert not passwords.is_right("", None)


def test_full_width_letters_are_the_same_keys() -> None:
    assert passwords.is_right("Ｃorrect-horse-7", passwords.hashed("Correct-horse-7"))
