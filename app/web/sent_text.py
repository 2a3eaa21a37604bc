"""Which characters a text may hold that somebody sends: no control characters but those that break lines, and no lone
surrogates. Nobody types them; PostgreSQL refuses U+0000, and UTF-8 has no lone surrogates.

Each door refuses them in its own words. What may stand in a file of DICOM is `app/dicom/element_values`.
"""

from __future__ import annotations

import unicodedata

LINE_BREAKS = "\t\n\r"
_UNUSABLE = frozenset({"Cc", "Cs"})


def is_usable(text: str, allowed: str = LINE_BREAKS) -> bool:
    """Whether `text` holds no control character, except those in `allowed`, and no lone surrogate."""
    # what is printable holds neither, and nearly all texts are
    return text.isprintable() or not any(
        unicodedata.category(letter) in _UNUSABLE and letter not in allowed for letter in text
    )
