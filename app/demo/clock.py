"""The demo's clock: the machine's, moved on as far as somebody moved that of the simulated WeChat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from app.clock import Clock, SystemClock

CLOCK_FILE = "moved-clock"


@dataclass(frozen=True)
class MovedClock:
    """`path`: a file with seconds, written by `python -m wechat.simulator --clock-file`; none is no time."""

    path: Path
    real: Clock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.real.now() + timedelta(seconds=self._moved_s())

    def monotonic(self) -> float:
        return self.real.monotonic() + self._moved_s()

    def _moved_s(self) -> float:
        try:
            return float(self.path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
