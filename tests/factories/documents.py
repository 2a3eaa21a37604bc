"""What a Markdown document names: headings, code blocks, inline code, paths, commands. Prose is not looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.places import ROOT

TOPS = ("app", "bench", "deploy", "docs", "migrations", "sms", "templates", "tests", "viewer_static", "wechat")
_BLOCK = re.compile(r"^( *)```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^(#+) .+$", re.MULTILINE)
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
_SOURCE = re.compile(r"\.(py|md|toml|html|js|css|conf|ini|sh|txt)$")


@dataclass(frozen=True)
class Document:
    """One Markdown file of the project."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def blocks(self) -> list[str]:
        return [found[1] for found in _BLOCK.findall(self.text)]

    @property
    def prose(self) -> str:
        """Everything but the code blocks."""
        return _BLOCK.sub("", self.text)

    @property
    def levels(self) -> list[int]:
        """Of each heading, in order."""
        return [len(marks) for marks in _HEADING.findall(self.prose)]

    @property
    def inline(self) -> list[str]:
        return _INLINE.findall(self.prose)

    @property
    def commands(self) -> list[str]:
        """Inline code and lines of blocks that are more than one word."""
        lines = [line.partition("#")[0].strip() for block in self.blocks for line in block.splitlines()]
        return [code for code in (*self.inline, *lines) if " " in code]

    def paths(self) -> Iterator[str]:
        """Every word of inline code and of blocks that looks like a file or a folder of the project."""
        for code in (*self.inline, *" ".join(self.blocks).split()):
            for word in code.split():
                path = word.partition("::")[0]
                if _PATH.fullmatch(path) and (path.split("/")[0] in TOPS or _SOURCE.search(path)):
                    yield path


def documents() -> list[Document]:
    return [Document(path) for path in sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")])]


@cache
def _files() -> tuple[str, ...]:
    found = [path for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file()]
    return tuple(f"/{path.relative_to(ROOT)}" for path in found)


def is_there(path: str) -> bool:
    """A path from the project's root, or the end of a file's path."""
    return (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in _files())
