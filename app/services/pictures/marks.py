"""Which frames key object lists and presentation states name: kept with a prepared study, and found for one exam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.imaging.evidence.key_objects import KeyObjects
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.presentations import Presentations
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.presentation import Presentation
from app.models import PreparedObject, PreparedSeries
from app.services.pictures.stacks import Stack

Place = tuple[int, int]
"""Ordinal of the stack in its study, and k; both from 1."""


def kept_of_marks(found: KeyObjects | Presentations, stacks: Sequence[Stack]) -> dict[str, Any]:
    """`{frames: [[ordinal, k]], title}` of key objects, in their order; of presentation states also `{created, looks,
    look_of: a look for each frame, lies: how each frame lies, not_drawn}`. Raises SetAside when no picture that is
    shown is named."""
    places = _places(stacks)
    if isinstance(found, KeyObjects):
        frames = dict.fromkeys(place for uid, frame in found.marks for place in _named(places, uid, frame))
        if not frames and found.marks:
            raise SetAside(EvidenceFault.NO_PICTURE)
        return {"title": found.title, "frames": [list(place) for place in frames]}
    looks = {
        place: look
        for uid, frames, look in found.pictures
        for frame in frames or (0,)
        for place in _named(places, uid, frame)
    }
    if not looks:
        raise SetAside(EvidenceFault.NO_PICTURE)
    return {
        "title": found.label,
        "created": found.created,
        "frames": [list(place) for place in looks],
        "look_of": list(looks.values()),
        "looks": [look.to_json() for look in found.looks],
        "lies": [
            _lies(found.looks[look], stacks[place[0] - 1].slices[place[1] - 1].header) for place, look in looks.items()
        ],
        "not_drawn": list(found.not_drawn),
    }


def looks_over(rows: Iterable[PreparedObject]) -> dict[Place, Presentation]:
    """The look of each frame that presentation states of one study name: of the newest state."""
    found: dict[Place, Presentation] = {}
    for _, says in _states(rows):
        looks = [Presentation.from_json(look) for look in says["looks"]]
        for (ordinal, k), look in zip(says["frames"], says["look_of"], strict=True):
            found[ordinal, k] = looks[look]
    return found


def marked(row: PreparedObject, shown: Sequence[PreparedSeries]) -> list[dict[str, int]]:
    """The frames that a row of either kind names, as `{n, k}` of an exam that shows these series."""
    numbers = {(series.study_id, series.ordinal): n for n, series in enumerate(shown, 1)}
    frames = row.says["frames"] if row.says is not None else []
    return [{"n": numbers[key], "k": k} for ordinal, k in frames if (key := (row.study_id, ordinal)) in numbers]


def displayed(rows: Iterable[PreparedObject], shown: Sequence[PreparedSeries]) -> list[dict[str, Any]]:
    """`{n, k, turns, mirrored, area}` of each frame that the newest state over it wants turned, mirrored, or seen in
    part; `area`: left, top, right and lower edge as shares of the picture's sides, None for the whole."""
    numbers = {(series.study_id, series.ordinal): n for n, series in enumerate(shown, 1)}
    found: dict[tuple[int, int], dict[str, Any] | None] = {}
    for row, says in _states(rows):
        for (ordinal, k), lies in zip(says["frames"], says.get("lies", ()), strict=False):  # none of older releases
            if (n := numbers.get((row.study_id, ordinal))) is not None:
                found[n, k] = lies and {"n": n, "k": k} | lies
    return [lies for lies in found.values() if lies]


def _lies(look: Presentation, header: ImageHeader | None) -> dict[str, Any] | None:
    """How the viewer lays one frame; None when as it is. An area beside the picture is that of the whole."""
    area = None
    if look.area is not None and header is not None:
        sides = (header.columns, header.rows, header.columns, header.rows)
        left, top, right, bottom = (
            min(1.0, max(0.0, edge / side)) for edge, side in zip(look.area, sides, strict=True)
        )
        if left < right and top < bottom and (left, top, right, bottom) != (0.0, 0.0, 1.0, 1.0):
            area = [round(edge, 5) for edge in (left, top, right, bottom)]
    is_moved = look.turns or look.mirrored or area
    return {"turns": look.turns, "mirrored": look.mirrored, "area": area} if is_moved else None


def _states(rows: Iterable[PreparedObject]) -> list[tuple[PreparedObject, Any]]:
    """The newest last."""
    states = [(row, row.says) for row in rows if row.kind == EvidenceKind.PRESENTATION and row.says is not None]
    return sorted(states, key=lambda state: (str(state[1]["created"]), state[0].ordinal))


def _places(stacks: Sequence[Stack]) -> dict[str, list[tuple[int, Place]]]:
    """Frame (from 1) and place of every slice by SOP Instance UID."""
    found: dict[str, list[tuple[int, Place]]] = {}
    for ordinal, stack in enumerate(stacks, 1):
        for k, piece in enumerate(stack.slices, 1):
            found.setdefault(piece.instance.sop_instance_uid, []).append((piece.frame + 1, (ordinal, k)))
    return found


def _named(places: dict[str, list[tuple[int, Place]]], uid: str, frame: int) -> Iterator[Place]:
    """`frame` 0 means each frame of the object."""
    for number, place in places.get(uid, ()):
        if frame in (0, number):
            yield place
