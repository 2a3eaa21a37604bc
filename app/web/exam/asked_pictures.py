"""What the query of a picture's address asks for: size, window, slab, turn, outline. Each raises InvalidInput for what
is no such value. The addresses are in app/web/patient/images.
"""

from __future__ import annotations

import math
import re

from flask import request

from app.errors import InvalidInput
from app.services.pictures.measuring import Outline, Shape
from app.services.pictures.serving import THICKEST_MM, Oblique, Slab, SlabMode, Window

SIZES = range(64, 2049)
_MODES = frozenset(map(str, SlabMode))
_SHAPES = frozenset(map(str, Shape))
_SHARE = re.compile(r"(0(\.\d{1,6})?|1(\.0{1,6})?)\Z")
_PART = r"-?(0(\.\d{1,6})?|1(\.0{1,6})?)"
_TURN = re.compile(rf"{_PART}(,{_PART}){{3}}\Z", re.ASCII)
_LENGTHS = 0.999, 1.001
"""Of a quaternion whose parts were rounded."""
_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,6})?\Z")


def asked_size() -> int | None:
    text = request.args.get("size")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) not in SIZES:
        raise InvalidInput("size", "must be from 64 to 2048")
    return int(text)


def asked_plain() -> bool:
    text = request.args.get("plain", "0")
    if text not in ("0", "1"):
        raise InvalidInput("plain", "must be 0 or 1")
    return text == "1"


def asked_window() -> Window | None:
    center, width = request.args.get("wc"), request.args.get("ww")
    if center is None and width is None:
        return None
    if center is None or width is None or not _NUMBER.match(center) or not _NUMBER.match(width):
        raise InvalidInput("wc, ww", "must be two numbers")
    if float(width) <= 0:  # below 1 it is the window of small fractions
        raise InvalidInput("ww", "must be above 0")
    return Window(float(center), float(width))


def asked_slab() -> Slab:
    text, mode = request.args.get("slab", "0"), request.args.get("mode", SlabMode.MEAN.value)
    if not _NUMBER.match(text) or not 0 <= float(text) <= THICKEST_MM:
        raise InvalidInput("slab", f"must be from 0 to {THICKEST_MM:.0f}")
    if mode not in _MODES:
        raise InvalidInput("mode", "must be avg, mip or minip")
    return Slab(float(text), SlabMode(mode))


def asked_oblique() -> Oblique:
    """Which way a plane is turned, and where it then lies."""
    text, mm = request.args.get("turn", ""), request.args.get("mm", "")
    if not _TURN.match(text):
        raise InvalidInput("turn", "must be four numbers from -1 to 1")
    w, x, y, z = (float(part) for part in text.split(","))
    if not _LENGTHS[0] <= math.hypot(w, x, y, z) <= _LENGTHS[1]:
        raise InvalidInput("turn", "must be of length 1")
    if not _NUMBER.match(mm):
        raise InvalidInput("mm", "must be a number")
    return Oblique((w, x, y, z), float(mm))


def asked_outline() -> Outline:
    shape = request.args.get("shape", Shape.ELLIPSE.value)
    if shape not in _SHAPES:
        raise InvalidInput("shape", "must be rectangle or ellipse")
    return Outline(Shape(shape), _share("left"), _share("top"), _share("right"), _share("bottom"))


def _share(name: str) -> float:
    text = request.args.get(name, "")
    if not _SHARE.match(text):
        raise InvalidInput(name, "must be from 0 to 1")
    return float(text)


def asked_number(name: str, low: int, high: int) -> int:
    text = request.args.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not low <= int(text) <= high:
        raise InvalidInput(name, f"must be from {low} to {high}")
    return int(text)
