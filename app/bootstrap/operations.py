"""Builds the room services/operations. Its rules are in app/services/operations."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.archive import ArchiveRoom
from app.bootstrap.ground import Ground
from app.services.operations.archive_check import ArchiveCheck
from app.services.operations.delivery_funnel import DeliveryFunnel
from app.services.operations.field_binding import FieldBinder
from app.services.operations.figures import Figures
from app.services.operations.row_counts import RowCounts
from app.services.operations.spent_rows import SpentRows


@dataclass(frozen=True, kw_only=True)
class OperationsRoom:
    archive_check: ArchiveCheck
    field_binding: FieldBinder
    delivery_funnel: DeliveryFunnel
    figures: Figures
    row_counts: RowCounts
    spent_rows: SpentRows


def build(ground: Ground, archive: ArchiveRoom) -> OperationsRoom:
    funnel = DeliveryFunnel(db=ground.db, clock=ground.clock, segment_fen=ground.settings.sms_segment_fen)
    return OperationsRoom(
        archive_check=ArchiveCheck(
            db=ground.db, archive=archive.objects, data_keys=archive.data_keys, clock=ground.clock
        ),
        field_binding=FieldBinder(db=ground.db, fields=ground.fields, audit=ground.audit, keys=ground.keys),
        delivery_funnel=funnel,
        figures=Figures(db=ground.db, funnel=funnel),
        row_counts=RowCounts(db=ground.db, audit=ground.audit),
        spent_rows=SpentRows(db=ground.db, clock=ground.clock),
    )
