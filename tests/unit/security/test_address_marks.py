"""A mark is the same for the same address in any spelling, and tells nothing without the key."""

from __future__ import annotations

import re

from app.security.address_marks import AddressMarks

MARKS = AddressMarks(b"a" * 32)


def test_spellings_of_one_address_have_one_mark() -> None:
    assert MARKS.mark("10.0.0.7") == MARKS.mark("::ffff:10.0.0.7")
    assert MARKS.mark("fd00::1") == MARKS.mark("FD00:0::0001")
    assert MARKS.mark("") == MARKS.mark("unix:") == MARKS.mark("10.0.0.7 ")
    assert len({MARKS.mark(f"10.0.{a}.{b}") for a in range(20) for b in range(50)} | {MARKS.mark("")}) == 1001
    assert re.fullmatch("[0-9a-f]{16}", MARKS.mark("10.0.0.7"))


def test_another_key_marks_otherwise_and_no_key_is_shown() -> None:
    assert AddressMarks(b"b" * 32).mark("10.0.0.7") != MARKS.mark("10.0.0.7")
    assert "aaaa" not in repr(MARKS)
