"""Sorts the frames of a study into stacks to scroll through: the stacks, their order, and the key image of each. No
drawing here."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.imaging.evidence.kinds import kind_of
from app.imaging.geometry.order import sort_places
from app.imaging.geometry.parting import parts_of
from app.imaging.header.image_header import FOR_PRESENTATION, FOR_PROCESSING, ImageHeader
from app.models import Instance, Series
from app.services.archive.frames import SHOWN_SYNTAXES

SINGLES = "the single-frame images of the series"
LAST = 1 << 31


@dataclass(frozen=True)
class Slice:
    """One frame of one stored instance. `header` is None when the frame cannot be decoded."""

    instance: Instance
    frame: int
    header: ImageHeader | None


@dataclass(frozen=True)
class Stack:
    """Frames that are scrolled together: of the single-frame images of a series, or of one multi-frame image."""

    series: Series
    slices: tuple[Slice, ...]

    @property
    def first_shown(self) -> ImageHeader | None:
        return next((piece.header for piece in self.slices if piece.header is not None), None)


def stacks_of(instances: Sequence[tuple[Series, Instance]]) -> list[Stack]:
    """The stacks of a study. `instances` must be ordered by series, and then by arrival.

    The single-frame images of a series go together, and so do the parts of one concatenation; another multi-frame
    object stands alone. What is no stack together is parted. The frames of each stack are sorted along their normal.
    Objects that are no pictures are left out, and X-rays for processing that the study also has for presentation.
    """
    stacks: list[Stack] = []
    aside = _given_for_presentation(instance for _, instance in instances)
    for _, group in itertools.groupby(instances, key=lambda pair: pair[0].id):
        together: dict[object, list[Slice]] = {}
        of_series = list(group)
        series = of_series[0][0]
        for _, instance in of_series:
            if instance.id not in aside and kind_of(instance.sop_class_uid, instance.number_of_frames) is None:
                header = ImageHeader.from_json(instance.image_header) if instance.image_header else None
                slices = [Slice(instance, frame, header) for frame in range(instance.number_of_frames)]
                together.setdefault(_belongs_to(instance, header), []).extend(slices)
        singles = together.pop(SINGLES, None)
        for found in ([singles] if singles else []) + list(together.values()):
            stacks.extend(Stack(series, tuple(part)) for part in _parted(sorted(found, key=_number)))
    return stacks


def _given_for_presentation(instances: Iterable[Instance]) -> set[uuid.UUID]:
    """X-rays for processing of which the study has the same exposure for presentation: that one names them as its
    source, or both name one exposure of one view. Others stay, also where the numbers agree: after a repeated exposure
    the one for presentation may be of the other, and nothing that was taken is hidden."""
    for_processing: list[tuple[Instance, ImageHeader]] = []
    sources: set[tuple[object, ...]] = set()
    exposures: set[tuple[object, ...]] = set()
    for instance in instances:
        header = ImageHeader.from_json(instance.image_header) if instance.image_header else None
        if header is None:
            continue
        if header.presentation_intent == FOR_PROCESSING:
            for_processing.append((instance, header))
        elif header.presentation_intent == FOR_PRESENTATION and instance.transfer_syntax_uid in SHOWN_SYNTAXES:
            sources |= {(uid, header.modality, header.number_of_frames) for uid in header.sources}
            exposures |= _exposed(header)
    return {
        instance.id
        for instance, header in for_processing
        if (instance.sop_instance_uid, header.modality, header.number_of_frames) in sources
        or not exposures.isdisjoint(_exposed(header))
    }


def _exposed(header: ImageHeader) -> set[tuple[object, ...]]:
    """The exposures of one view of one side."""
    view = header.modality, header.laterality, header.projection, header.number_of_frames
    return {(*view, name) for name in header.exposures}


def _belongs_to(instance: Instance, header: ImageHeader | None) -> object:
    if header is not None and header.concatenation_uid:
        return header.concatenation_uid
    return SINGLES if instance.number_of_frames == 1 else instance.id


def _number(piece: Slice) -> tuple[int, int, int]:
    """In order of the parts of a concatenation, or else of instance numbers; those without one keep their order of
    arrival behind the others."""
    header, number = piece.header, piece.instance.instance_number
    part = header.in_concatenation if header is not None else 0
    return part, LAST if number is None else number, piece.frame


def _parted(slices: list[Slice]) -> list[list[Slice]]:
    """Each part sorted along its normal. Slices without a readable header come last, so that the gap is seen."""
    shown = [(piece, piece.header.values(piece.frame)) for piece in slices if piece.header is not None]
    parts = []
    for part in parts_of([place for _, place in shown]):
        order = sort_places([shown[index][1] for index in part])
        parts.append([shown[part[at]][0] for at in order])
    lost = [piece for piece in slices if piece.header is None]
    return [*parts[:-1], (parts[-1] if parts else []) + lost]


def key_frame(is_shown: Sequence[bool]) -> int:
    """The number k of the key image: the shown frame nearest to the middle of the stack; 1 when no frame can be
    shown."""
    shown = [k for k, can_be in enumerate(is_shown, 1) if can_be]
    return min(shown, key=lambda k: abs(k - (len(is_shown) + 1) / 2), default=1)
