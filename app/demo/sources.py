"""What lies in a folder of DEMO_DATA, told before anything of it is taken in. Reading DICOM itself is not here."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MAGIC_AT, MAGIC = 128, b"DICM"
ZIP = b"PK"
NAMED_KINDS = 6
WITHOUT_SUFFIX, UNREADABLE = "without a suffix", "that cannot be read"


def fault_of(path: Path) -> str | None:
    """Why nothing of `path` can be shown, with what was found there; None when it holds a DICOM file or an archive."""
    if not path.exists():
        return f"there is no {path}"
    kinds = Counter[str]()
    for file in _files(path):
        kind = _kind(file)
        if kind is None:
            return None
        kinds[kind] += 1
    if not kinds:
        return f"{path} is an empty folder"
    return f"no DICOM file in {path}: found {_named(kinds)}"


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _kind(file: Path) -> str | None:
    """None for a DICOM file or an archive that may hold some, else what it is by its name."""
    try:
        if not file.is_file():  # a pipe would be waited for
            return UNREADABLE
        with file.open("rb") as opened:
            head = opened.read(MAGIC_AT + len(MAGIC))
    except OSError:
        return UNREADABLE
    if head[MAGIC_AT:] == MAGIC or head.startswith(ZIP):
        return None
    return file.suffix.lower() or WITHOUT_SUFFIX


def _named(kinds: Counter[str]) -> str:
    named = [f"{count} {kind}" for kind, count in kinds.most_common(NAMED_KINDS)]
    more = kinds.total() - sum(count for _, count in kinds.most_common(NAMED_KINDS))
    return ", ".join([*named, *([f"{more} others"] if more else [])])
