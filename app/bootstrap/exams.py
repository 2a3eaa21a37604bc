"""The room services/exams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.bootstrap.ground import Ground
from app.services.exams.consequences import Consequences
from app.services.exams.holds import Holds
from app.services.exams.matching import Matching
from app.services.exams.patients import Patients
from app.services.exams.registration import Registration
from app.services.exams.release import Release, ReleaseGate
from app.services.exams.reports import Reports
from app.services.exams.views import ExamViews
from app.services.notifications.outbox import Outbox
from app.services.notifications.phone_correction import PhoneCorrection


@dataclass(frozen=True, kw_only=True)
class ExamsRoom:
    registration: Registration
    reports: Reports
    views: ExamViews
    matching: Matching
    holds: Holds
    release: Release


def release_gate(ground: Ground, outbox: Outbox) -> Release:
    """Built before the rest: a corrected phone number makes it tell anew."""
    settings = ground.settings
    return Release(
        db=ground.db,
        clock=ground.clock,
        audit=ground.audit,
        outbox=outbox,
        gate=ReleaseGate(settings.release_gate),
        delay=timedelta(hours=settings.release_delay_h),
    )


def build(ground: Ground, release: Release, phones: PhoneCorrection) -> ExamsRoom:
    db, clock, fields, blind, audit = ground.db, ground.clock, ground.fields, ground.blind, ground.audit
    patients = Patients(clock=clock, fields=fields, blind=blind, audit=audit)
    holds = Holds(db=db, clock=clock, audit=audit)
    matching = Matching(fields=fields, audit=audit, holds=holds)
    reports = Reports(db=db, clock=clock, fields=fields, blind=blind, audit=audit)
    return ExamsRoom(
        registration=Registration(
            db=db,
            clock=clock,
            audit=audit,
            patients=patients,
            matching=matching,
            follower=Consequences(codes=phones.access_codes, phones=phones, release=release),
        ),
        reports=reports,
        views=ExamViews(db=db, patients=patients, reports=reports),
        matching=matching,
        holds=holds,
        release=release,
    )
