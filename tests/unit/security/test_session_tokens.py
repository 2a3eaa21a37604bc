"""Session cookies: read is only what we signed, for the audience it was signed for, however often it was read."""

from __future__ import annotations

import uuid

import jwt
import pytest

from app.errors import Unauthenticated
from app.security.session_tokens import SessionTokens

OURS = SessionTokens(b"k" * 32, "patient")
SESSION = uuid.UUID(int=7)


def test_what_we_signed_is_read_again_and_again() -> None:
    token = OURS.issue(SESSION)
    assert [OURS.read(token) for _ in range(3)] == [SESSION] * 3


@pytest.mark.parametrize("other", [SessionTokens(b"x" * 32, "patient"), SessionTokens(b"k" * 32, "staff")])
def test_another_key_or_audience_never_reads_it_though_we_just_did(other: SessionTokens) -> None:
    token = OURS.issue(SESSION)
    assert OURS.read(token) == SESSION
    with pytest.raises(Unauthenticated):
        other.read(token)


def test_nothing_else_is_taken_the_first_time_or_the_second() -> None:
    head, body, signature = OURS.issue(SESSION).split(".")
    forged = [
        "",
        "x",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}AA",
        f"{body}.{head}.{signature}",
        jwt.encode({"sid": "no uuid", "aud": "patient"}, b"k" * 32, algorithm="HS256"),
        jwt.encode({"sid": SESSION.hex, "aud": "patient"}, None, algorithm="none"),
        jwt.encode({"aud": "patient"}, b"k" * 32, algorithm="HS256"),
    ]
    for token in forged * 2:
        with pytest.raises(Unauthenticated):
            OURS.read(token)
