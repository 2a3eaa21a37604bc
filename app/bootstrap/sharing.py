"""Builds the room services/sharing. Its rules are in app/services/sharing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.bootstrap.ground import Ground
from app.models import Exam, NotificationKind
from app.security.session_tokens import SessionTokens
from app.services.channels.channel import Wording
from app.services.notifications.outbox import Outbox
from app.services.sharing.guest_tickets import GuestTickets
from app.services.sharing.guests import GuestSessions
from app.services.sharing.hand_over import HandOvers
from app.services.sharing.helper_codes import HelperCodes
from app.services.sharing.opening import ShareOpening
from app.services.sharing.shares import Shares
from app.services.sharing.tries import GuestTries


@dataclass(frozen=True, kw_only=True)
class SharingRoom:
    shares: Shares
    opening: ShareOpening
    hand_over: HandOvers
    guests: GuestSessions
    tickets: GuestTickets
    helper_codes: HelperCodes
    tokens: SessionTokens


def build(ground: Ground, outbox: Outbox) -> SharingRoom:
    settings, idle = ground.settings, timedelta(minutes=ground.settings.session_idle_min)
    tries = GuestTries(
        codes=ground.codes, address_limit=settings.address_failures_per_hour, shared=settings.shared_group
    )
    guests = GuestSessions(db=ground.db, clock=ground.clock, audit=ground.audit, idle=idle)

    def tell(session: Session, exam: Exam, limits: Mapping[int, timedelta]) -> None:
        outbox.queue_about_access(session, exam, NotificationKind.SHARE_OPENED, Wording.SHARE_OPENED, limits)

    return SharingRoom(
        shares=Shares(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            fields=ground.fields,
            audit=ground.audit,
            idle=idle,
        ),
        opening=ShareOpening(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            audit=ground.audit,
            refusals=ground.refusals,
            tries=tries,
            guests=guests,
            tell=tell,
        ),
        hand_over=HandOvers(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            audit=ground.audit,
            refusals=ground.refusals,
            tries=tries,
            guests=guests,
        ),
        guests=guests,
        helper_codes=HelperCodes(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            fields=ground.fields,
            audit=ground.audit,
            refusals=ground.refusals,
            tries=tries,
        ),
        tickets=GuestTickets(
            db=ground.db,
            clock=ground.clock,
            audit=ground.audit,
            guests=guests,
            tell=tell,
            key=ground.keys.derive("guest-ticket"),
        ),
        tokens=SessionTokens(ground.keys.derive("session-jwt"), "guest"),
    )
