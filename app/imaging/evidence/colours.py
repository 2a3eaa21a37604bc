"""Colours of segments and contours: as the object recommends, else from a row of colours that differ well."""

from __future__ import annotations

from pydicom.dataset import Dataset

from app.dicom.element_values import value_of
from app.imaging.evidence.checks import numbers

Colour = tuple[int, int, int]
_ROW: tuple[Colour, ...] = (
    *((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167)),
    *((255, 99, 71), (124, 252, 0), (64, 224, 208)),
)


def of_number(number: int) -> Colour:
    return _ROW[(number - 1) % len(_ROW)]


def recommended(ds: Dataset, number: int) -> Colour:
    """Recommended Display CIELab Value (PS3.3 C.10.7.1.1), or ROI Display Color; else a colour by number."""
    try:
        lab, rgb = numbers(value_of(ds, "RecommendedDisplayCIELabValue")), numbers(value_of(ds, "ROIDisplayColor"))
    except (TypeError, ValueError):
        return of_number(number)
    if len(lab) == 3:
        return of_lab(lab[0] / 65535 * 100, lab[1] / 65535 * 255 - 128, lab[2] / 65535 * 255 - 128)
    if len(rgb) == 3 and all(0 <= part <= 255 for part in rgb):
        return int(rgb[0]), int(rgb[1]), int(rgb[2])
    return of_number(number)


def of_lab(lightness: float, a: float, b: float) -> Colour:
    """CIELab with white point D50 to sRGB (IEC 61966-2-1; matrix of Bradford adaptation by Lindbloom)."""
    y = (lightness + 16) / 116
    x, z = y + a / 500, y - b / 200
    xyz = [
        white * (part**3 if part > 6 / 29 else (part - 4 / 29) * 3 * (6 / 29) ** 2)
        for white, part in zip((0.9642, 1.0, 0.8251), (x, y, z), strict=True)
    ]
    rows = ((3.1339, -1.6169, -0.4906), (-0.9785, 1.9160, 0.0333), (0.0720, -0.2290, 1.4057))
    linear = [sum(weight * part for weight, part in zip(row, xyz, strict=True)) for row in rows]
    red, green, blue = (_gamma(min(max(part, 0.0), 1.0)) for part in linear)
    return red, green, blue


def _gamma(part: float) -> int:
    return round(255 * (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055))
