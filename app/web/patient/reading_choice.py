"""What this browser chose to read with: elder mode (长辈版) and the size of letters. `reading` changes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

ZOOMS = {100: "标准", 150: "大", 200: "特大"}
"""Per cent of the usual size of letters, and what the key says."""
_STORED = re.compile(r"(elder|plain)-(100|150|200)\Z")


@dataclass(frozen=True)
class Reading:
    """`zoom`: a key of ZOOMS. `is_chosen`: somebody chose; before that, pages of doors propose elder mode.
    `csrf_token`: of a bound person's session, whose choice is kept; empty elsewhere."""

    elder: bool = False
    zoom: int = 100
    is_chosen: bool = False
    csrf_token: str = ""

    @classmethod
    def of(cls, stored: str) -> Reading:
        """From a cookie's text, which can be anything."""
        found = _STORED.match(stored)
        return cls(found[1] == "elder", int(found[2]), is_chosen=True) if found else cls()

    @property
    def stored(self) -> str:
        return f"{'elder' if self.elder else 'plain'}-{self.zoom}"

    @property
    def classes(self) -> str:
        """Of the page's root element."""
        return f"{'elder ' if self.elder else ''}zoom-{self.zoom}"

    @property
    def zoom_name(self) -> str:
        return ZOOMS[self.zoom]

    @property
    def next_zoom(self) -> int:
        """What one more tap on the key of the size leads to."""
        steps = list(ZOOMS)
        return steps[(steps.index(self.zoom) + 1) % len(steps)]


def changed(reading: Reading, form: Mapping[str, str]) -> Reading:
    """`form`: `elder` yes or no, `zoom` a key of ZOOMS; either may be missing, and another text changes nothing."""
    elder, zoom = form.get("elder"), form.get("zoom", "")
    if elder in ("yes", "no"):
        reading = replace(reading, elder=elder == "yes")
    if zoom in map(str, ZOOMS):
        reading = replace(reading, zoom=int(zoom))
    return reading
