"""Builds the room services/exams. Its rules are in app/services/exams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.bootstrap.ground import Ground
from app.bootstrap.notifications import NotificationsRoom
from app.bootstrap.release import ReleaseRoom
from app.services.audit.looks import Looks
from app.services.audit.refused_fields import RefusedFields
from app.services.exams.amendments import Amendments
from app.services.exams.consequences import Consequences
from app.services.exams.listing import ExamListing
from app.services.exams.matching import Matching
from app.services.exams.patients import Patients
from app.services.exams.registration import Registration
from app.services.exams.reports import Reports
from app.services.exams.search_keys import SearchKeys
from app.services.exams.views import ExamViews
from app.services.patient_access.codes import AccessCodes


@dataclass(frozen=True, kw_only=True)
class ExamsRoom:
    registration: Registration
    reports: Reports
    views: ExamViews
    listing: ExamListing
    matching: Matching
    patients: Patients
    follower: Consequences
    amendments: Amendments
    search_keys: SearchKeys


def build(ground: Ground, codes: AccessCodes, release: ReleaseRoom, messages: NotificationsRoom) -> ExamsRoom:
    db, clock, fields, blind, audit = ground.db, ground.clock, ground.fields, ground.blind, ground.audit
    patients = Patients(clock=clock, fields=fields, blind=blind, audit=audit)
    search_keys = SearchKeys(db=db, fields=fields, blind=blind, codes=codes, refused=RefusedFields(db=db, audit=audit))
    matching = Matching(fields=fields, audit=audit, holds=release.holds)
    follower = Consequences(
        codes=codes, phones=messages.phone_correction, release=release.gate, sensitivity=release.sensitivity
    )
    amendments = Amendments(
        db=db, looks=Looks(db=db, fields=fields), gate=release.gate, relatives=messages.for_relatives
    )
    reports = Reports(
        db=db,
        clock=clock,
        fields=fields,
        blind=blind,
        audit=audit,
        sensitivity=release.sensitivity,
        amendments=amendments,
    )
    return ExamsRoom(
        registration=Registration(
            db=db,
            clock=clock,
            audit=audit,
            patients=patients,
            matching=matching,
            search_keys=search_keys,
            follower=follower,
        ),
        reports=reports,
        views=ExamViews(db=db, patients=patients, reports=reports),
        listing=ExamListing(
            db=db, clock=clock, patients=patients, patience=timedelta(hours=ground.settings.report_alone_h)
        ),
        matching=matching,
        patients=patients,
        follower=follower,
        amendments=amendments,
        search_keys=search_keys,
    )
