"""What one backup holds: its manifest, signed with a key of the hospital. Where it lies is `folder`."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.database.copies import TableCopy
from app.errors import BackupFailed

FORMAT = 1
NAME = "manifest.json"
_BLOCK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`files`: path in the backup's folder -> SHA-256 (hex). `missing`: objects that rows name and the store lacked."""

    made_at: str
    database: str
    revision: str
    audit_seq: int
    tables: tuple[TableCopy, ...]
    files: Mapping[str, str]
    objects: int
    missing: tuple[str, ...]

    def document(self, key: bytes) -> dict[str, object]:
        """As it is written, with its MAC. `key`: 32 bytes of purpose `backups`."""
        content = {"format": FORMAT} | asdict(self)
        return content | {"mac": _mac(key, content)}

    @classmethod
    def from_text(cls, text: str, key: bytes) -> Manifest:
        """Raises BackupFailed for another key file, another format, and a manifest that was changed."""
        try:
            content = json.loads(text)
            mac = str(content.pop("mac"))
            if content["format"] != FORMAT:
                raise BackupFailed("this backup has another format: restore it with the release that made it")
            if not hmac.compare_digest(mac.encode(), _mac(key, content).encode()):
                raise BackupFailed("this backup was made with another key file, or its manifest was changed")
            tables = tuple(_table(table) for table in content["tables"])
            del content["format"]
            return cls(**content | {"tables": tables, "missing": tuple(content["missing"])})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BackupFailed("the manifest of this backup cannot be read") from error

    def damaged_files(self, folder: Path) -> Sequence[str]:
        """The files that are not there or are not what was written. Raises OSError when they cannot be read."""
        return [name for name, digest in self.files.items() if not _is_whole(folder / name, digest)]


def digests(folder: Path) -> dict[str, str]:
    """Of every file below the folder, read back from where it was written."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and sha256_of(path) == digest


def _table(content: Mapping[str, Any]) -> TableCopy:
    return TableCopy(content["name"], tuple(content["columns"]), content["rows"])


def _mac(key: bytes, content: Mapping[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
