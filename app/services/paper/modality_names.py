"""The name of a modality for patients, on pages and on paper. The words are in templates/modality_names.toml."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

WORDS_FILE = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "modality_names.toml"


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    with WORDS_FILE.open("rb") as file:
        return tomllib.load(file)


def modality_name(modality: str) -> str:
    """The name in plain Chinese; `modality` itself when we have no name for it."""
    return _names().get(modality.strip().upper(), modality)
