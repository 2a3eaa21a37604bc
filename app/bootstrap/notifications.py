"""The room services/notifications. Which carriers there are is `carriers`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.bootstrap.carriers import Simulation, hook_secret, is_alarm, sms_sender
from app.bootstrap.ground import Ground
from app.models import Exam
from app.services.notifications.failed import FailedMessages
from app.services.notifications.outbox import Outbox
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.receipts import Receipts
from app.services.notifications.sending import Sending
from app.services.notifications.states import NotificationStates
from app.services.notifications.views import MessageViews
from app.services.notifications.wording import Wording
from app.services.patient_access.codes import AccessCodes


@dataclass(frozen=True, kw_only=True)
class NotificationsRoom:
    outbox: Outbox
    sending: Sending
    receipts: Receipts
    phone_correction: PhoneCorrection
    failed: FailedMessages
    views: MessageViews
    sms_hook_secret: str = field(repr=False)


def outbox(ground: Ground, codes: AccessCodes, simulation: Simulation) -> Outbox:
    """Built before the rest: the release gate queues what the rest sends."""
    return Outbox(
        db=ground.db,
        clock=ground.clock,
        fields=ground.fields,
        audit=ground.audit,
        states=NotificationStates(clock=ground.clock, audit=ground.audit),
        access_codes=codes,
        family=ground.settings.sms_family,
        wechat=simulation.wechat is not None,
        wake=ground.wake,
    )


def build(
    ground: Ground, waiting: Outbox, simulation: Simulation, tell_anew: Callable[[Session, Exam], None]
) -> NotificationsRoom:
    settings, db, clock, fields = ground.settings, ground.db, ground.clock, ground.fields
    states, codes, sms = waiting.states, waiting.access_codes, sms_sender(settings, simulation)
    phones = PhoneCorrection(clock=clock, fields=fields, access_codes=codes, states=states, tell_anew=tell_anew)
    receipts = Receipts(db=db, clock=clock, fields=fields, blind=ground.blind, states=states, phones=phones, sms=sms)
    wording = Wording(
        codes=ground.codes,
        access_codes=codes,
        family=settings.sms_family,
        signature=settings.sms_signature,
        base_url=settings.base_url,
    )
    return NotificationsRoom(
        outbox=waiting,
        sending=Sending(
            db=db,
            clock=clock,
            fields=fields,
            states=states,
            wording=wording,
            phones=phones,
            receipts=receipts,
            sms=sms,
            wechat=simulation.wechat,
        ),
        receipts=receipts,
        phone_correction=phones,
        failed=FailedMessages(
            db=db, clock=clock, audit=ground.audit, states=states, is_alarm=is_alarm, wake=ground.wake
        ),
        views=MessageViews(db=db),
        sms_hook_secret=hook_secret(settings, ground.keys),
    )
