"""Builds the room services/binding. Its rules are in app/services/binding."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.bootstrap.patient_access import counted_tries
from app.services.binding.binding import Binding
from app.services.binding.entering import Entering
from app.services.binding.reading import ReadingChoices
from app.services.patient_access.one_time_codes import Enqueue, SendOneTimeCode
from app.services.wechat.accounts import WechatAccounts


@dataclass(frozen=True, kw_only=True)
class BindingRoom:
    binding: Binding
    entering: Entering
    reading: ReadingChoices


def build(
    ground: Ground, accounts: WechatAccounts, *, send_one_time_code: SendOneTimeCode, enqueue: Enqueue
) -> BindingRoom:
    entering = Entering(db=ground.db, clock=ground.clock, codes=ground.codes, audit=ground.audit, accounts=accounts)
    binding = Binding(
        db=ground.db,
        clock=ground.clock,
        codes=ground.codes,
        blind=ground.blind,
        attempts=counted_tries(ground),
        audit=ground.audit,
        refusals=ground.refusals,
        accounts=accounts,
        entering=entering,
        send_one_time_code=send_one_time_code,
        enqueue=enqueue,
        wake=ground.wake,
    )
    return BindingRoom(binding=binding, entering=entering, reading=ReadingChoices(db=ground.db))
