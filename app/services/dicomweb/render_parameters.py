"""The query of a rendered resource (PS3.18 8.3.5: window, viewport, quality) -> RenderSpec. Drawing is in
app/imaging."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from app.errors import InvalidInput
from app.imaging.display.aspect import drawn_size
from app.imaging.display.render_spec import RenderSpec
from app.imaging.display.window import Window

FORMATS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
FUNCTIONS = {"linear": "LINEAR", "linear-exact": "LINEAR_EXACT", "sigmoid": "SIGMOID"}
MAX_SIDE = 8192
_NUMBER = re.compile(r"[+-]?(\d{1,9}(\.\d{0,9})?|\.\d{1,9})([eE][+-]?\d{1,2})?")


def render_spec(
    query: Mapping[str, str],
    media_type: str,
    rows: int,
    columns: int,
    longest: int | None = None,
    pixel_aspect: float = 1.0,
) -> RenderSpec:
    """`rows`, `columns`: size of the image. `longest`: longest side if the query has no viewport. Raises
    InvalidInput."""
    region, fitted, mirrored = _viewport(query.get("viewport"), rows, columns, pixel_aspect)
    return RenderSpec(
        fmt=FORMATS[media_type],
        longest=fitted or longest,
        window=_window(query.get("window")),
        quality=_quality(query.get("quality")),
        viewport=region,
        mirrored=mirrored,
    )


def _window(text: str | None) -> Window | None:
    """`center,width,function`; width >= 1 for linear, > 0 for the others (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
    if text is None:
        return None
    center, width, function = _split("window", text, 3)
    if function not in FUNCTIONS:
        raise InvalidInput("window", "must end in linear, linear-exact or sigmoid")
    window = Window(_number("window", center), _number("window", width), FUNCTIONS[function])
    if window.width <= 0 or (window.function == "LINEAR" and window.width < 1):
        raise InvalidInput("window", "has a width that is too small")
    return window


def _viewport(
    text: str | None, rows: int, columns: int, pixel_aspect: float
) -> tuple[tuple[int, int, int, int] | None, int | None, tuple[bool, bool]]:
    """`vw,vh[,sx,sy,sw,sh]` -> the region of the image, its longest side when it fits into vw x vh, and whether it is
    mirrored left to right and top to bottom: then `sw` or `sh` is negative (PS3.18 8.3.5.1.3)."""
    if text is None:
        return None, None, (False, False)
    given = text.split(",")
    if len(given) not in (2, 6):
        raise InvalidInput("viewport", "must be vw,vh or vw,vh,sx,sy,sw,sh")
    width, height = (_side(item) for item in given[:2])
    mirrored = (given[4].startswith("-"), given[5].startswith("-")) if len(given) == 6 else (False, False)
    x, y, source_width, source_height = _region(
        [item.removeprefix("-") if at > 1 else item for at, item in enumerate(given[2:])], rows, columns
    )
    drawn_height, drawn_width = drawn_size(source_height, source_width, pixel_aspect)
    scale = min(width / drawn_width, height / drawn_height)
    longest = max(1, math.floor(max(drawn_width, drawn_height) * scale + 1e-9))
    region = None if len(given) == 2 else (x, y, source_width, source_height)
    return region, longest, mirrored


def _region(given: list[str], rows: int, columns: int) -> tuple[int, int, int, int]:
    """Empty values mean the whole image."""
    x, y = (math.floor(_number("viewport", item)) if item else 0 for item in given[:2] or ("", ""))
    if not (0 <= x < columns and 0 <= y < rows):
        raise InvalidInput("viewport", "starts outside the image")
    left = (columns - x, rows - y)
    width, height = (
        math.ceil(_number("viewport", item)) if item else most
        for item, most in zip(given[2:] or ("", ""), left, strict=True)
    )
    if not (0 < width <= left[0] and 0 < height <= left[1]):
        raise InvalidInput("viewport", "does not lie within the image")
    return x, y, width, height


def _quality(text: str | None) -> int:
    if text is None:
        return 85
    if not re.fullmatch(r"\d{1,3}", text) or not 1 <= int(text) <= 100:
        raise InvalidInput("quality", "must be from 1 to 100")
    return int(text)


def _side(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= MAX_SIDE:
        raise InvalidInput("viewport", f"must have sides from 1 to {MAX_SIDE}")
    return int(text)


def _split(name: str, text: str, count: int) -> list[str]:
    parts = text.split(",")
    if len(parts) != count:
        raise InvalidInput(name, f"must have {count} values")
    return parts


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text) or abs(float(text)) > 1e9:
        raise InvalidInput(name, "must be numbers")
    return float(text)
