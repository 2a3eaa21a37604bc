"""Builds the room services/paper. Its rules are in app/services/paper."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.exams import ExamsRoom
from app.bootstrap.ground import Ground
from app.services.paper.paper import Paper
from app.services.paper.stamping import Stamping
from app.services.patient_access.codes import AccessCodes


@dataclass(frozen=True, kw_only=True)
class PaperRoom:
    paper: Paper


def build(ground: Ground, exams: ExamsRoom, codes: AccessCodes) -> PaperRoom:
    settings = ground.settings
    return PaperRoom(
        paper=Paper(
            db=ground.db,
            exams=exams.views,
            access_codes=codes,
            audit=ground.audit,
            stamping=Stamping(),
            base_url=settings.base_url,
            hospital_name=settings.hospital_name,
        )
    )
