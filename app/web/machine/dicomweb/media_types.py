"""Media types with parameters, and which of them a client accepts (RFC 9110 12.5.1, PS3.18 8.7).

A value with a slash may come without quotes (`type=application/dicom`): many DICOM clients write it so. Media types of
frames are in `transfer_syntaxes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import InvalidInput

_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_ITEM = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_MAX_CHARACTERS = 4096


@dataclass(frozen=True)
class MediaType:
    """`name` in lower case; parameters by lower-case name, without quotes."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> MediaType:
        name, _, rest = text.partition(";")
        found = _PARAMETER.findall(";" + rest) if rest else ()
        return cls(name.strip().lower(), {key.lower(): _unquoted(value.strip()) for key, value in found})

    @property
    def root(self) -> str:
        """The type of the parts of a `multipart/related`; for every other type the type itself."""
        return self.parameters.get("type", "").lower() if self.name == "multipart/related" else self.name

    @property
    def transfer_syntax(self) -> str:
        return self.parameters.get("transfer-syntax", "")

    @property
    def quality(self) -> float:
        try:
            return min(max(float(self.parameters.get("q", "1")), 0.0), 1.0)
        except ValueError:
            return 0.0

    def covers(self, name: str) -> bool:
        """Whether this range (`*/*`, `image/*`, `image/png`) includes the type `name`."""
        return self.name in ("*/*", name, name.partition("/")[0] + "/*")


def accepted(header: str | None, parameter: str | None = None) -> list[MediaType]:
    """What a client accepts, best first. `parameter`: the `accept` of the query (PS3.18); it replaces the header.

    Raises InvalidInput for a list that is far too long.
    """
    text = parameter or header or "*/*"
    if len(text) > _MAX_CHARACTERS:
        raise InvalidInput("Accept", "is too long")
    types = [MediaType.parse(item) for item in _ITEM.findall(text) if item.strip()]
    return sorted((item for item in types if item.quality > 0), key=lambda item: -item.quality)


def best(wanted: list[MediaType], offered: tuple[str, ...], in_parts: str | None = None) -> str | None:
    """The offered type (our best first) that the client likes best; None when it accepts none of them. `in_parts`: the
    one that may also be asked for as the type of the parts of a `multipart/related`."""
    return next(
        (name for item in wanted for name in offered if item.covers(name) or (name == in_parts == item.root)), None
    )


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
