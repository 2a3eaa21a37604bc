"""The Chinese documents say the same as the English ones: the same headings, code, tables and settings."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.factories.documents import Document
from tests.places import ROOT

PAIRS = [(Document(ROOT / f"{name}.md"), Document(ROOT / f"{name}.zh-CN.md")) for name in ("README", "docs/operating")]
SETTING = re.compile(r"\b(?:CLOUDFILM|AWS|DICOM)_[A-Z_]+\b")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

pairs = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=["README", "operating"])


def without_remarks(block: str) -> list[str]:
    """The lines of a code block; what stands behind `#` is prose."""
    return [line.partition("#")[0].rstrip() for line in block.splitlines()]


@pairs
def test_headings_have_the_same_levels_in_the_same_order(english: Document, chinese: Document) -> None:
    assert english.levels == chinese.levels


@pairs
def test_code_blocks_hold_the_same_commands(english: Document, chinese: Document) -> None:
    assert [without_remarks(block) for block in english.blocks] == [without_remarks(block) for block in chinese.blocks]


@pairs
def test_inline_code_is_the_same(english: Document, chinese: Document) -> None:
    """Commands, files, settings and values; the order within a sentence is the language's."""
    assert Counter(english.inline) == Counter(chinese.inline)


@pairs
def test_settings_are_the_same(english: Document, chinese: Document) -> None:
    assert Counter(SETTING.findall(english.text)) == Counter(SETTING.findall(chinese.text))


@pairs
def test_rows_of_tables_name_the_same_things_with_the_same_defaults(english: Document, chinese: Document) -> None:
    assert [row_code(row) for row in rows(english)] == [row_code(row) for row in rows(chinese)]


@pairs
def test_every_heading_and_every_row_speaks_chinese(english: Document, chinese: Document) -> None:
    headings = re.findall(r"^#+ .+$", chinese.prose, re.MULTILINE)
    assert [line for line in (*headings, *rows(chinese)) if not CHINESE.search(line)] == []


def rows(document: Document) -> list[str]:
    return [line for line in document.prose.splitlines() if line.startswith("| ")]


def row_code(row: str) -> Counter[str]:
    return Counter(re.findall(r"`([^`]+)`", row))
