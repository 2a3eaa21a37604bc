"""Which frames key object lists and presentation states name: kept with a prepared study, and found for one exam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from app.imaging.evidence.key_objects import KeyObjects
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.presentations import Presentations
from app.imaging.header.presentation import Presentation
from app.models import PreparedObject, PreparedSeries
from app.services.pictures.stacks import Stack

Place = tuple[int, int]
"""Ordinal of the stack in its study, and k; both from 1."""


def kept_of_marks(found: KeyObjects | Presentations, stacks: Sequence[Stack]) -> dict[str, Any]:
    """`{frames: [[ordinal, k]], title}` of key objects, in their order; of presentation states also `{created, looks,
    look_of: a look for each frame, not_drawn}`. Raises SetAside when no picture that is shown is named."""
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
        "not_drawn": list(found.not_drawn),
    }


def looks_over(rows: Iterable[PreparedObject]) -> dict[Place, Presentation]:
    """The look of each frame that presentation states of one study name: of the newest state."""
    states: list[tuple[int, Any]] = [
        (row.ordinal, row.says) for row in rows if row.kind == EvidenceKind.PRESENTATION and row.says is not None
    ]
    found: dict[Place, Presentation] = {}
    for _, says in sorted(states, key=lambda state: (str(state[1]["created"]), state[0])):
        looks = [Presentation.from_json(look) for look in says["looks"]]
        for (ordinal, k), look in zip(says["frames"], says["look_of"], strict=True):
            found[ordinal, k] = looks[look]
    return found


def marked(row: PreparedObject, shown: Sequence[PreparedSeries]) -> list[dict[str, int]]:
    """The frames that a row of either kind names, as `{n, k}` of an exam that shows these series."""
    numbers = {(series.study_id, series.ordinal): n for n, series in enumerate(shown, 1)}
    frames = row.says["frames"] if row.says is not None else []
    return [{"n": numbers[key], "k": k} for ordinal, k in frames if (key := (row.study_id, ordinal)) in numbers]


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
