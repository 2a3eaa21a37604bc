"""Where the Chinese font is: Noto Sans SC, from an installed package. Drawing is in `report_sheet` and elsewhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from app.errors import GlyphMissing


@lru_cache(maxsize=1)
def font_file() -> Path:
    """The TrueType file. Raises GlyphMissing when there is none."""
    import pylopdf_fonts_zh_cn

    folder = Path(pylopdf_fonts_zh_cn.__file__).parent
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".ttf", ".otf") and "Sans" in path.name)
    if not found:
        raise GlyphMissing("no Chinese font is installed")
    return found[0]
