"""Lists the objects of a study that are no pictures when it is prepared: each with what lists need of it, or the reason
why it is not shown. None is left out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.archive.sealed import DataKey
from app.imaging.display.ecg_paper import pages_of
from app.imaging.evidence.contours import Contours
from app.imaging.evidence.dose import DoseTotal, Totals
from app.imaging.evidence.ecg import Ecg
from app.imaging.evidence.key_objects import KeyObjects
from app.imaging.evidence.kinds import EvidenceFault, SetAside, kind_of
from app.imaging.evidence.presentations import Presentations
from app.imaging.evidence.segments import Segments
from app.models import Instance, PreparedObject, Series, Study
from app.services.pictures.evidence import EvidenceReading
from app.services.pictures.layers import kept_of_layer
from app.services.pictures.marks import kept_of_marks
from app.services.pictures.stacks import Stack

MOST_READ, BUDGET_S = 1000, 300.0
"""Of one study. What is left is listed and not read."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Decides what is listed beside pictures. Raises StoreUnavailable."""

    evidence: EvidenceReading

    def rows(
        self,
        study: Study,
        revision: int,
        data_key: DataKey,
        instances: Sequence[tuple[Series, Instance]],
        stacks: Sequence[Stack],
    ) -> list[PreparedObject]:
        """A row for each object that is no picture, in order of series and number. `stacks`: as they are prepared."""
        rows: list[PreparedObject] = []
        until = time.monotonic() + BUDGET_S
        for series, instance in instances:
            kind = kind_of(instance.sop_class_uid, instance.number_of_frames)
            if kind is None:
                continue
            fault, says = None, None
            try:
                if len(rows) >= MOST_READ or time.monotonic() > until:
                    raise SetAside(EvidenceFault.TOO_MANY_PARTS)
                says = self._says(instance, data_key, stacks)
            except SetAside as aside:
                fault = aside.fault
            rows.append(
                PreparedObject(
                    id=uuid.uuid4(),
                    study_id=study.id,
                    revision=revision,
                    ordinal=len(rows) + 1,
                    instance_id=instance.id,
                    kind=kind,
                    fault=fault,
                    modality=series.modality,
                    description=series.description,
                    says=says,
                )
            )
        return rows

    def _says(self, instance: Instance, data_key: DataKey, stacks: Sequence[Stack]) -> Any:
        """What lists need of it. Raises SetAside."""
        found = self.evidence.read(instance, data_key)
        if isinstance(found, Totals):
            return [[total.name, total.value, total.unit] for total in found.values]
        if isinstance(found, Ecg):
            return {"pages": pages_of(found.recorded)}
        if isinstance(found, Segments | Contours):
            return kept_of_layer(found, instance, stacks)
        if isinstance(found, KeyObjects | Presentations):
            return kept_of_marks(found, stacks)
        return None


def totals_kept(says: Any) -> tuple[DoseTotal, ...]:
    """The totals of a dose report as `rows` kept them."""
    return tuple(DoseTotal(*total) for total in says)
