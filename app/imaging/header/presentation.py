"""How a presentation state (PS3.3 A.33.1) wants a frame shown: tables, shutters, drawings. It holds nothing personal
but the texts that a doctor wrote into the picture.

`app/imaging/evidence/presentations` reads it, `app/imaging/display/presenting` draws it. No pydicom here, as in
`image_header`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.imaging.header.lut import Lut
from app.imaging.header.overlay import Overlay


@dataclass(frozen=True)
class Shutter:
    """What lies outside is covered. `kind`: RECTANGULAR (left, right, upper, lower edge), CIRCULAR (row and column of
    the centre, radius) or POLYGONAL (row and column of each corner); all count from 1."""

    kind: str
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Drawing:
    """`kind`: POINT, POLYLINE, INTERPOLATED, CIRCLE, ELLIPSE or TEXT. `points`: column and row in turn, from 1 at the
    middle of the first pixel; with `is_relative`, shares of the picture's width and height."""

    kind: str
    points: tuple[float, ...]
    is_relative: bool = False
    is_filled: bool = False
    text: str = ""


@dataclass(frozen=True)
class Presentation:
    """`slope`, `intercept`, `modality_lut`: in place of the image's own, where any is there. `window`, `voi_lut`: one
    of them, or neither. `shape`: IDENTITY or INVERSE, where there is no `presentation_lut`."""

    shutters: tuple[Shutter, ...] = ()
    shutter_grey: int = 0
    """0 to 255"""
    drawings: tuple[Drawing, ...] = ()
    slope: float | None = None
    intercept: float = 0.0
    modality_lut: Lut | None = None
    window: tuple[float, float] | None = None
    voi_function: str = "LINEAR"
    voi_lut: Lut | None = None
    shape: str = "IDENTITY"
    presentation_lut: Lut | None = None
    overlays: tuple[Overlay, ...] = ()
    """Of its own, beside those of the image, which are shown as without it."""
    turns: int = 0
    """Quarters to the right, after `mirrored` (left to right): how the viewer lays the picture. Its pixels stay."""
    mirrored: bool = False
    area: tuple[float, float, float, float] | None = None
    """The part that fills the screen: left, top, right and lower edge in pixels of the picture, from 0."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Presentation:
        values = dict(plain)
        values["shutters"] = tuple(Shutter(each["kind"], tuple(each["numbers"])) for each in plain["shutters"])
        values["drawings"] = tuple(Drawing(**(each | {"points": tuple(each["points"])})) for each in plain["drawings"])
        values["overlays"] = tuple(Overlay(**each) for each in plain["overlays"])
        values["window"] = tuple(plain["window"]) if plain["window"] else None
        if plain.get("area"):
            values["area"] = tuple(plain["area"])
        for name in ("modality_lut", "voi_lut", "presentation_lut"):
            values[name] = Lut(**plain[name]) if plain[name] else None
        return cls(**values)
