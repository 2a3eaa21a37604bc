"""Builds the room services/data_requests. Its rules are in app/services/data_requests."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.services.audit.refused_fields import RefusedFields
from app.services.data_requests.kept import Kept
from app.services.data_requests.requests import DataRequests


@dataclass(frozen=True, kw_only=True)
class DataRequestsRoom:
    requests: DataRequests
    kept: Kept


def build(ground: Ground) -> DataRequestsRoom:
    refused = RefusedFields(db=ground.db, audit=ground.audit)
    return DataRequestsRoom(
        requests=DataRequests(
            db=ground.db, clock=ground.clock, fields=ground.fields, audit=ground.audit, refused=refused
        ),
        kept=Kept(db=ground.db, fields=ground.fields, refused=refused),
    )
