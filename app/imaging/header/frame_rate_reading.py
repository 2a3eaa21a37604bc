"""How fast frames follow each other, off a DICOM header: every attribute that tells it (PS3.3 C.7.6.5)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset

from app.dicom.element_values import value_of
from app.imaging.header.numbers import numbers_of

_VECTOR_BYTES = 20_000 * 17
FASTEST_MS, SLOWEST_MS = 1.0, 60_000.0
"""No film is shown faster or slower: such a number is of another unit."""


def frame_time_ms(ds: Dataset) -> float | None:
    """Milliseconds from frame to frame: as the header recommends to show them, or else as they were taken. None when no
    attribute tells a time that makes sense."""
    return next((time for time in _told(ds) if FASTEST_MS <= time <= SLOWEST_MS), None)


def _told(ds: Dataset) -> Iterator[float]:
    yield from _of_rate(ds, "RecommendedDisplayFrameRate")
    yield from _numbers(ds, "FrameTime")[:1]
    steps = [step for step in _numbers(ds, "FrameTimeVector") if step > 0]  # the first is 0: nothing came before it
    if steps:
        yield sum(steps) / len(steps)
    yield from _of_rate(ds, "CineRate")
    yield from _numbers(ds, "ActualFrameDuration")[:1]
    frames = _numbers(ds, "NumberOfFrames")[:1]
    yield from (1000 * seconds / frames[0] for seconds in _numbers(ds, "EffectiveDuration")[:1] if frames > [1])


def _of_rate(ds: Dataset, keyword: str) -> Iterator[float]:
    """Of frames a second."""
    yield from (1000 / rate for rate in _numbers(ds, keyword)[:1] if rate > 0)


def _numbers(ds: Dataset, keyword: str) -> list[float]:
    return numbers_of(value_of(ds, keyword, most_bytes=_VECTOR_BYTES))
