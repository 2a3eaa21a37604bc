"""What an exam's pages tell of its series and of what is no picture: the manifest, the listed objects. The addresses of
objects are in app/web/patient/objects; how objects are read is in app/services/pictures.
"""

from __future__ import annotations

from typing import Any

from app.services.patient_access.sessions import Parts
from app.services.pictures.object_words import described
from app.services.pictures.objects import ListedObject, ShownAs, reasons_of
from app.web.context import services
from app.web.exam import visit


def shown_manifest() -> dict[str, Any]:
    """The manifest, with the whole addresses of what this session may open."""
    access = visit.current_access()
    told = services().pictures.serving.manifest(access.exam_id, access.exam_revision)
    return told | {"objects": listed_objects()}


def listed_objects() -> list[dict[str, Any]]:
    """Each object as {kind, modality, description, href, reason, layer}; `href` is None for what has no page, or none
    for this session; `layer` is not in the contract of docs/design.md: the viewer lays it over its frames."""
    access = visit.current_access()
    listed = services().pictures.objects.listed(access.exam_id, access.exam_revision)
    return [
        {
            "kind": found.shown_as,
            "modality": found.row.modality,
            "description": found.description,
            "href": f"{visit.base()}/objects/{found.o}" if found.has_page and may_open(found, access.parts) else None,
            "reason": found.reason,
            "layer": layer_values(found) if found.labels and access.parts.pictures else None,
        }
        for found in listed
    ]


def marks_set_aside() -> list[dict[str, Any]]:
    """Key object lists and presentation states that are not shown, or not wholly: for the list of the exam's page, each
    as in `listed_objects`. The manifest tells them apart from the objects."""
    access = visit.current_access()
    beside = services().pictures.objects.of_exam(access.exam_id, access.exam_revision)
    return [
        {
            "kind": ShownAs.OTHER,
            "modality": row.modality,
            "description": described(row.kind, "", row.description),
            "href": None,
            "reason": "，".join(reasons),
            "layer": None,
        }
        for row in (*beside.key_objects, *beside.presentations)
        if (reasons := reasons_of(row))
    ]


def layer_values(found: ListedObject) -> dict[str, Any]:
    """What the viewer lays over frames: `{labels: [{label, colour}], frames: {n: [k]}, address}`; a program puts n and
    k into `{n}` and `{k}`."""
    access = visit.current_access()
    shown = services().pictures.serving.shown(access.exam_id, access.exam_revision)
    over = {str(n): found.frames_over(series.row) for n, series in enumerate(shown, 1)}
    return {
        "labels": found.labels,
        "frames": {n: frames for n, frames in over.items() if frames},
        "address": f"{visit.base()}/objects/{found.o}/series/{{n}}/frames/{{k}}.png",
    }


def may_open(found: ListedObject, parts: Parts) -> bool:
    """Whether a visitor of these parts may see the object. Documents are given with the report, and not where no name
    may be seen: they say whom they are of."""
    return parts.report and not parts.anonymous if found.names_patient else parts.pictures
