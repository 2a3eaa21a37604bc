"""Words of a report are explained, and no letter of the doctor's is changed."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.paper.explaining import FOLDER, MOST_EXPLAINED, Explained, PieceKind, questions

TERMS = tomllib.loads((FOLDER / "terms.toml").read_text(encoding="utf-8"))
WORDS = [word for term in TERMS["term"] for word in term["words"]]
MET: Counter[str] = Counter()
written = st.lists(
    st.one_of(st.sampled_from(WORDS), st.sampled_from(["1. ", "肝脏：", "\n", "\n\n", " ", "见"]), st.text(max_size=5)),
    max_size=30,
).map("".join)


@given(text=written)
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    explained = Explained()
    lines = explained.lines(text)
    assert "\n".join("".join(piece.text for piece in line.pieces) for line in lines) == text
    numbers = [piece.number for line in lines for piece in line.pieces if piece.kind is PieceKind.TERM]
    assert numbers == list(range(1, len(explained.terms) + 1))
    MET["texts with terms"] += bool(numbers)
    MET["texts with labels"] += any(piece.kind is PieceKind.LABEL for line in lines for piece in line.pieces)
    MET["full"] += len(numbers) == MOST_EXPLAINED


def test_texts_with_terms_and_labels_and_too_many_terms_were_met() -> None:
    assert all(MET[what] for what in ("texts with terms", "texts with labels")), MET


def test_a_term_is_marked_once_in_a_report_and_by_its_longest_word() -> None:
    explained = Explained()
    explained.lines("1. 右肺上叶磨玻璃结节。\n2. 磨玻璃影，ggo。")
    explained.lines("肺：见磨玻璃结节，双侧胸腔积液。")
    assert [term.word for term in explained.terms] == ["磨玻璃结节", "胸腔积液"]


def test_a_long_report_has_no_more_terms_than_a_person_reads() -> None:
    explained = Explained()
    explained.lines("，".join(term["words"][0] for term in TERMS["term"]))
    assert len(explained.terms) == MOST_EXPLAINED


def test_every_term_has_a_source_and_no_word_stands_twice() -> None:
    assert len({word.upper() for word in WORDS}) == len(WORDS)
    assert {term["source"] for term in TERMS["term"]} == set(TERMS["sources"])
    assert all(term["says"].endswith("。") for term in TERMS["term"])


@pytest.mark.parametrize(
    ("modality", "body_part", "first"),
    [
        ("CT", "胸部", "以前的片子"),
        ("ct", "肺", "以前的片子"),
        ("MR", "腰椎", "疼痛"),
        ("US", "乳腺", "BI-RADS"),
        ("DX", "左手", "骨折"),
        ("ES", "", "要紧吗"),
    ],
)
def test_the_questions_are_those_of_the_exam(modality: str, body_part: str, first: str) -> None:
    asked = questions(modality, body_part)
    assert first in asked[0]
    assert 3 <= len(asked) <= 5
