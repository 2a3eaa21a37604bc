"""Finds words of a report that we can explain, and what to ask the doctor. The words are in templates/reading_help.

Nothing that a doctor wrote is changed: a text is cut into pieces that together are the text itself.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "reading_help"
MOST_EXPLAINED = 12
"""Terms of one report: more would be longer than the report."""
_LABEL = re.compile(r"\s*(?:\d{1,2}[.、．)）]\s*)?[\u4e00-\u9fffA-Za-z0-9]{1,10}[：:]")
_NUMBERED = re.compile(r"\s*\d{1,2}[.、．)）]")


class PieceKind(StrEnum):
    PLAIN = "plain"
    LABEL = "label"
    """What stands before a colon at the start of a line: 肝脏："""
    TERM = "term"


@dataclass(frozen=True)
class Piece:
    """`number`: of the term in `Explained.terms`, from 1; 0 for what is no term."""

    text: str
    kind: PieceKind = PieceKind.PLAIN
    number: int = 0


@dataclass(frozen=True)
class Line:
    pieces: tuple[Piece, ...]
    is_numbered: bool


@dataclass(frozen=True)
class Term:
    """`word`: as the report has it first."""

    word: str
    says: str
    source: str


@dataclass
class Explained:
    """Texts of one report, one after the other: a term is marked where it stands first in any of them. `most`: how many
    terms are marked."""

    most: int = MOST_EXPLAINED
    terms: list[Term] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def lines(self, text: str) -> list[Line]:
        """The lines of `text`; their pieces, with a line break between lines, are the text itself."""
        return [self._line(line) for line in text.split("\n")]

    def _line(self, line: str) -> Line:
        label = _LABEL.match(line)
        rest = label.end() if label else 0
        pieces = [Piece(line[:rest], PieceKind.LABEL)] if label else []
        for found in _pattern().finditer(line, rest):
            number = self._number(found[0])
            if number:
                pieces += [Piece(line[rest : found.start()]), Piece(found[0], PieceKind.TERM, number)]
                rest = found.end()
        pieces.append(Piece(line[rest:]))
        return Line(tuple(piece for piece in pieces if piece.text), bool(_NUMBERED.match(line)))

    def _number(self, word: str) -> int:
        """The number of a term that is met for the first time; 0 for others."""
        says, source = _dictionary()[word.upper()]
        if says in self._seen or len(self.terms) >= self.most:
            return 0
        self._seen.add(says)
        self.terms.append(Term(word, says, source))
        return len(self.terms)


def questions(modality: str, body_part: str) -> tuple[str, ...]:
    """What a patient may ask after an exam of this type."""
    for entry in _read("questions.toml")["exam"]:
        of_modality = not entry["modalities"] or modality.strip().upper() in entry["modalities"]
        if of_modality and (not entry["body_parts"] or any(word in body_part for word in entry["body_parts"])):
            return tuple(entry["questions"])
    return ()


@lru_cache(maxsize=2)
def _read(name: str) -> dict[str, Any]:
    with (FOLDER / name).open("rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, tuple[str, str]]:
    """What each word means and where that stands."""
    told = _read("terms.toml")
    return {
        word.upper(): (entry["says"], told["sources"][entry["source"]])
        for entry in told["term"]
        for word in entry["words"]
    }


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """Every word, the longest first."""
    words = sorted(_dictionary(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
