"""Calibrated regions of an ultrasound image (PS3.3 C.8.5.5): what a step of a pixel means in each part of it. Reading
them is `region_reading`.
"""

from __future__ import annotations

from dataclasses import dataclass

CENTIMETRES = 3
"""PS3.3 C.8.5.5.1.15, of the units that can be measured as lengths the only one."""


@dataclass(frozen=True)
class Region:
    """`left`, `top`, `right`, `bottom`: its pixels, from 0, the last ones included. `x_unit`, `y_unit`: codes of PS3.3
    C.8.5.5.1.15; `x_step`, `y_step`: what one pixel is of them, may be negative. `kind`: Region Data Type, C.8.5.5.1.2.
    """

    left: int
    top: int
    right: int
    bottom: int
    x_unit: int
    y_unit: int
    x_step: float
    y_step: float
    kind: int = 0

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """mm between rows, mm between columns, inside of the region alone; None where it measures no lengths."""
        if self.x_unit != CENTIMETRES or self.y_unit != CENTIMETRES:
            return None
        return abs(self.y_step) * 10, abs(self.x_step) * 10
