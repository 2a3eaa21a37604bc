"""The elements that hold pixels (PS3.5 7.1, PS3.6). This file imports nothing, because decoding children import it."""

from __future__ import annotations

PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
