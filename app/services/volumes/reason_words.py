"""Why a series has no cuts, in the words that patients read. The words are in templates/no_volume.toml."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

WORDS_FILE = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "no_volume.toml"


@lru_cache(maxsize=1)
def words() -> dict[str, str]:
    """The words by `NoVolume`."""
    with WORDS_FILE.open("rb") as file:
        return tomllib.load(file)


def reason_words(reason: str | None) -> str:
    """The words of a stored reason; without one the pictures are of an older release and are made anew."""
    return words()[reason or "not_yet"]
