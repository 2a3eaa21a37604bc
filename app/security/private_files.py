"""Small files of JSON that only their owner reads: written whole or not at all, and durable. Nothing here knows what
they hold."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def write_new(path: Path, document: Mapping[str, object]) -> None:
    """Write a new file, mode 600 and durable. Raise `FileExistsError` when it exists."""
    _write(path, document)
    sync_folder(path.parent)


def replace(path: Path, document: Mapping[str, object]) -> None:
    """Put the file in the place of the former one, in one step. A crash leaves the former one or the new one. Raise
    `OSError`."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write(beside, document)
    beside.replace(path)
    sync_folder(path.parent)


def _write(path: Path, document: Mapping[str, object]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """The names in the folder are durable on return. Raise `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
