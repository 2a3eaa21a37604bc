"""What patients answer to a text message: only whether they want no more of them. The text itself is kept nowhere."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

STOP = frozenset({"T", "TD", "N", "退订", "T退订", "TD退订", "拒收"})
"""Whole answers. The carriers' own word is TD or T; 退订 is what people write."""
LONGEST = 500
_AROUND = re.compile(r"[\s\W_]+")


@dataclass(frozen=True)
class Reply:
    """`phone`: +86…"""

    phone: str = field(repr=False)
    text: str = field(repr=False)

    @property
    def asks_to_stop(self) -> bool:
        """Whether the whole answer is a word of STOP; a longer text is no wish that a program may understand."""
        plain = unicodedata.normalize("NFKC", self.text[:LONGEST]).upper()
        return _AROUND.sub("", plain) in STOP
