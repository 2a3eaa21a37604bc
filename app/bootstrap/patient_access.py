"""Builds the room services/patient_access. Its rules are in app/services/patient_access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.bootstrap.ground import Ground
from app.security.session_tokens import SessionTokens
from app.services.consent.consents import VERSION, ConsentMode
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.code_naming import CodeNaming
from app.services.patient_access.codes import AccessCodes
from app.services.patient_access.one_time_codes import Enqueue, OneTimeCodes, SendOneTimeCode
from app.services.patient_access.opening import Opening
from app.services.patient_access.sessions import PatientSessions
from app.services.patient_access.tickets import Tickets
from app.services.patient_access.verification import Verification


@dataclass(frozen=True, kw_only=True)
class PatientAccessRoom:
    codes: AccessCodes
    verification: Verification
    one_time_codes: OneTimeCodes
    sessions: PatientSessions
    tokens: SessionTokens
    tickets: Tickets


def access_codes(ground: Ground) -> AccessCodes:
    """Built first, because messages carry codes."""
    lifetime = timedelta(days=ground.settings.pickup_days)
    return AccessCodes(codes=ground.codes, clock=ground.clock, audit=ground.audit, pickup_lifetime=lifetime)


def counted_tries(ground: Ground) -> Attempts:
    """Counts are rows, so each room may have its own object."""
    settings = ground.settings
    return Attempts(codes=ground.codes, address_limit=settings.address_failures_per_hour, shared=settings.shared_group)


def build(
    ground: Ground, codes: AccessCodes, *, send_one_time_code: SendOneTimeCode, enqueue: Enqueue
) -> PatientAccessRoom:
    naming = CodeNaming(codes=ground.codes)
    attempts = counted_tries(ground)
    opening = Opening(codes=ground.codes, audit=ground.audit)
    sessions = _sessions(ground, codes)
    return PatientAccessRoom(
        codes=codes,
        verification=Verification(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            naming=naming,
            fields=ground.fields,
            attempts=attempts,
            refusals=ground.refusals,
            opening=opening,
        ),
        one_time_codes=OneTimeCodes(
            db=ground.db,
            clock=ground.clock,
            codes=ground.codes,
            access_codes=codes,
            naming=naming,
            attempts=attempts,
            audit=ground.audit,
            refusals=ground.refusals,
            opening=opening,
            send_one_time_code=send_one_time_code,
            enqueue=enqueue,
            wake=ground.wake,
        ),
        sessions=sessions,
        tickets=_tickets(ground, sessions),
        tokens=SessionTokens(ground.keys.derive("session-jwt"), "patient"),
    )


def _sessions(ground: Ground, codes: AccessCodes) -> PatientSessions:
    idle = timedelta(minutes=ground.settings.session_idle_min)
    consent = VERSION if ground.settings.consent == ConsentMode.ASKED else None
    return PatientSessions(
        db=ground.db, clock=ground.clock, audit=ground.audit, idle=idle, access_codes=codes, consent=consent
    )


def _tickets(ground: Ground, sessions: PatientSessions) -> Tickets:
    key = ground.keys.derive("ticket-jwt")
    return Tickets(db=ground.db, clock=ground.clock, audit=ground.audit, sessions=sessions, key=key)
