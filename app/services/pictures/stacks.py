"""Sorts the frames of a study into stacks to scroll through: the stacks, their order, and the key image of each. No
drawing here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from app.imaging.geometry.order import sort_frames, sort_positions
from app.imaging.header.image_header import ImageHeader
from app.models import Instance, Series


@dataclass(frozen=True)
class Slice:
    """One frame of one stored instance. `header` is None when the frame cannot be decoded."""

    instance: Instance
    frame: int
    header: ImageHeader | None


@dataclass(frozen=True)
class Stack:
    """Frames that are scrolled together: the single-frame images of a series, or one multi-frame image."""

    series: Series
    slices: tuple[Slice, ...]

    @property
    def first_shown(self) -> ImageHeader | None:
        return next((piece.header for piece in self.slices if piece.header is not None), None)


def stacks_of(instances: Sequence[tuple[Series, Instance]]) -> list[Stack]:
    """The stacks of a study. `instances` must be ordered by series. Each multi-frame object is a stack of its own. The
    frames of a stack are sorted along their normal. Objects without pixels are left out."""
    stacks: list[Stack] = []
    for _, group in itertools.groupby(instances, key=lambda pair: pair[0].id):
        singles: list[Slice] = []
        alone: list[Stack] = []
        for series, instance in group:
            if not instance.number_of_frames:
                continue
            header = ImageHeader.from_json(instance.image_header) if instance.image_header else None
            if instance.number_of_frames == 1:
                singles.append(Slice(instance, 0, header))
                continue
            order = sort_frames(header) if header else range(instance.number_of_frames)
            alone.append(Stack(series, tuple(Slice(instance, frame, header) for frame in order)))
        if singles:
            stacks.append(Stack(series, tuple(in_order(singles))))
        stacks.extend(alone)
    return stacks


def in_order(slices: list[Slice]) -> list[Slice]:
    """Slices sorted along their normal. Slices without a readable header come last, so that the gap is seen."""
    shown = [piece for piece in slices if piece.header is not None]
    order = sort_positions([piece.header for piece in shown if piece.header is not None])
    return [shown[index] for index in order] + [piece for piece in slices if piece.header is None]


def key_frame(is_shown: Sequence[bool]) -> int:
    """The number k of the key image: the shown frame nearest to the middle of the stack; 1 when no frame can be
    shown."""
    shown = [k for k, can_be in enumerate(is_shown, 1) if can_be]
    return min(shown, key=lambda k: abs(k - (len(is_shown) + 1) / 2), default=1)
