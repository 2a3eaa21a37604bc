"""What an object that is no picture is called, and why it is not shown, in the words that patients read. The words are
in templates/objects.toml."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from app.imaging.evidence.dose import DoseTotal
from app.imaging.evidence.kinds import EvidenceKind

WORDS_FILE = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "objects.toml"


@lru_cache(maxsize=1)
def words() -> dict[str, dict[str, str]]:
    """`kinds` by `EvidenceKind`, `classes` by SOP class, `faults` by `EvidenceFault`, `totals` by name, `line`."""
    with WORDS_FILE.open("rb") as file:
        return tomllib.load(file)


def name_of(kind: str, sop_class_uid: str) -> str:
    named = words()["classes"].get(sop_class_uid) if kind == EvidenceKind.OTHER else None
    return named or words()["kinds"][kind]


def described(kind: str, sop_class_uid: str, description: str) -> str:
    """The name, and what the device calls the series."""
    name = name_of(kind, sop_class_uid)
    return f"{name} · {description}" if description else name


def fault_words(fault: str) -> str:
    return words()["faults"][fault]


def not_drawn_words(part: str) -> str:
    """What of a presentation state is not drawn; empty for what an older release left out and the viewer does now."""
    return words()["not_drawn"].get(part, "")


def dose_line(totals: tuple[DoseTotal, ...]) -> str:
    """The totals of a dose report in one line."""
    said = words()
    parts = [
        said["line"]["part"].format(name=said["totals"][total.name], value=_plain(total.value), unit=total.unit)
        for total in totals
    ]
    return said["line"]["whole"].format(parts=said["line"]["between"].join(parts))


def _plain(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
