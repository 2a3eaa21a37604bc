"""What is refused in a text is what databases and terminals fail on, and nothing that people write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.web.sent_text import LINE_BREAKS, is_usable
from tests.factories.reach import must_reach, reached

# `st.text` would join these into one alphabet, in which surrogates may never come in a run.
LETTERS = st.characters() | st.characters(categories=["Cc"]) | st.characters(categories=["Cs"])


@must_reach("usable", "a control character", "a surrogate")
@given(st.lists(LETTERS, min_size=1).map("".join))
@example("双肺纹理清晰")
def test_a_text_without_control_characters_and_surrogates_is_usable_and_any_other_is_not(text: str) -> None:
    bad = [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs")]
    kinds = {"Cc": "a control character", "Cs": "a surrogate"}
    reached(*({kinds[unicodedata.category(letter)] for letter in bad} or {"usable"}))
    assert is_usable(text, "") is not bool(bad)
    assert is_usable(text) is not bool(set(bad) - set(LINE_BREAKS))


@pytest.mark.parametrize("text", ["", "双肺\r\n\t纹理清晰", "阿依古丽·买买提", "a\u202eb", "\u2028", "\ufeff", "😀"])
def test_what_people_write_is_usable(text: str) -> None:
    assert is_usable(text)


@pytest.mark.parametrize("text", ["\0", "a\x0b", "\x1b[31m", "\x7f", "\x85", "\ud800", "好\udfff"])
def test_control_characters_and_lone_surrogates_are_not(text: str) -> None:
    assert not is_usable(text)
