"""Builds the room services/phone_door. Its rules are in app/services/phone_door."""

from __future__ import annotations

from app.bootstrap.ground import Ground
from app.bootstrap.patient_access import counted_tries
from app.services.patient_access.one_time_codes import Enqueue, SendOneTimeCode
from app.services.phone_door.door import PhoneDoor


def build(ground: Ground, *, send_one_time_code: SendOneTimeCode, enqueue: Enqueue) -> PhoneDoor:
    return PhoneDoor(
        db=ground.db,
        clock=ground.clock,
        codes=ground.codes,
        blind=ground.blind,
        fields=ground.fields,
        attempts=counted_tries(ground),
        audit=ground.audit,
        refusals=ground.refusals,
        send_one_time_code=send_one_time_code,
        enqueue=enqueue,
        wake=ground.wake,
    )
