"""Builds the room services/notifications. Its rules are in app/services/notifications; channels are built in
`channels`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from app.bootstrap.carriers import hook_secrets
from app.bootstrap.ground import Ground
from app.config import Settings
from app.models import Exam
from app.services.channels.channel import Channels
from app.services.notifications.for_relatives import ForRelatives
from app.services.notifications.gathering import Gathering
from app.services.notifications.lost_answers import LostAnswers
from app.services.notifications.opt_outs import OptOuts
from app.services.notifications.outbox import Outbox
from app.services.notifications.phone_correction import PhoneCorrection
from app.services.notifications.receipts import Receipts
from app.services.notifications.repeating import Repeating
from app.services.notifications.sending import Sending
from app.services.notifications.states import NotificationStates
from app.services.notifications.telling import NewsTelling
from app.services.notifications.telling_plan import TellingPlan
from app.services.notifications.telling_times import TellingTimes
from app.services.patient_access.codes import AccessCodes

NOTICE_SPACING = timedelta(minutes=1)
"""WeChat's own figure is not published."""


@dataclass(frozen=True, kw_only=True)
class NotificationsRoom:
    outbox: Outbox
    telling: NewsTelling
    sending: Sending
    lost_answers: LostAnswers
    for_relatives: ForRelatives
    repeating: Repeating
    receipts: Receipts
    phone_correction: PhoneCorrection
    opt_outs: OptOuts
    sms_hook_secrets: Mapping[str, str] = field(repr=False)
    """By carrier."""


def telling(ground: Ground, channels: Channels) -> NewsTelling:
    """Built first, because the release gate needs it and the other services of this room need the gate."""
    times = _times(ground.settings)
    waiting = Outbox(
        clock=ground.clock,
        fields=ground.fields,
        audit=ground.audit,
        states=NotificationStates(clock=ground.clock, audit=ground.audit),
        channels=channels,
        times=times,
    )
    plan = TellingPlan(times=times, unopened_for=timedelta(hours=ground.settings.wechat_unopened_h))
    return NewsTelling(db=ground.db, clock=ground.clock, audit=ground.audit, outbox=waiting, plan=plan)


def _times(settings: Settings) -> TellingTimes:
    opens_h, closes_h = settings.news_hours
    gather = timedelta(minutes=settings.news_gather_min)
    spacing = NOTICE_SPACING if gather else timedelta()
    return TellingTimes(
        opens_h=opens_h, closes_h=closes_h, gather=gather, most_a_day=settings.news_a_day, spacing=spacing
    )


def build(
    ground: Ground, news: NewsTelling, codes: AccessCodes, tell_anew: Callable[[Session, Exam], None]
) -> NotificationsRoom:
    db, clock, fields = ground.db, ground.clock, ground.fields
    waiting = news.outbox
    states, channels = waiting.states, waiting.channels
    phones = PhoneCorrection(
        clock=clock, fields=fields, access_codes=codes, states=states, channels=channels, tell_anew=tell_anew
    )
    receipts = Receipts(
        db=db, clock=clock, fields=fields, blind=ground.blind, states=states, phones=phones, channels=channels
    )
    lost_answers = LostAnswers(db=db, clock=clock, states=states, receipts=receipts)
    relatives = ForRelatives(clock=clock, fields=fields, outbox=waiting)
    opt_outs = OptOuts(db=db, clock=clock, blind=ground.blind, fields=fields, audit=ground.audit)
    sending = Sending(
        db=db,
        clock=clock,
        fields=fields,
        states=states,
        channels=channels,
        phones=phones,
        receipts=receipts,
        lost_answers=lost_answers,
        opt_outs=opt_outs,
        at_once=ground.settings.messages_at_once,
        relatives=relatives,
        gathering=Gathering(clock=clock, fields=fields, states=states, channels=channels, times=waiting.times),
    )
    return NotificationsRoom(
        outbox=waiting,
        telling=news,
        sending=sending,
        lost_answers=lost_answers,
        for_relatives=relatives,
        repeating=Repeating(db=db, clock=clock, fields=fields, states=states, channels=channels, sending=sending),
        receipts=receipts,
        phone_correction=phones,
        opt_outs=opt_outs,
        sms_hook_secrets=hook_secrets(ground.settings, ground.keys),
    )
