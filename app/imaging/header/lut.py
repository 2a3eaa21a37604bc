"""Look-up tables of an image (modality, VOI, palette) and the look-up itself. `lut_reading` reads them from headers."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lut:
    """A table as stored (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5); `values`: big-endian uint16 in base64."""

    first: int
    """The lowest value that has an entry."""
    bits: int
    values: str

    @classmethod
    def of(cls, first: int, values: list[int], bits: int = 16) -> Lut:
        return cls(first, bits, base64.b64encode(np.asarray(values, ">u2").tobytes()).decode())

    @property
    def top(self) -> float:
        """What stands for white: the largest entry. The bits of the descriptor are often more than the table uses."""
        return float(max(1, int(entries(self).max())))

    def look_up(self, values: Values) -> Values:
        """The entry of each value. A value below the table gets the first entry, a value above it the last entry."""
        table = entries(self)
        found: Values = table[np.clip(np.nan_to_num(values) - self.first, 0, len(table) - 1).astype(np.intp)]
        return found


@lru_cache(maxsize=32)
def entries(lut: Lut) -> Values:
    return np.frombuffer(base64.b64decode(lut.values), ">u2").astype(np.float64)
