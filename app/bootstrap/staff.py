"""The room services/staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from app.bootstrap.exams import ExamsRoom
from app.bootstrap.ground import Ground
from app.bootstrap.notifications import NotificationsRoom
from app.bootstrap.patient_access import PatientAccessRoom
from app.security.session_tokens import SessionTokens
from app.services.staff.accounts import StaffAccounts
from app.services.staff.desk import Desk
from app.services.staff.exam_search import ExamSearch
from app.services.staff.login import StaffLogin


@dataclass(frozen=True, kw_only=True)
class StaffRoom:
    accounts: StaffAccounts
    login: StaffLogin
    desk: Desk
    exam_search: ExamSearch
    tokens: SessionTokens
    form_key: bytes = field(repr=False)


def build(
    ground: Ground, exams: ExamsRoom, notifications: NotificationsRoom, patient_access: PatientAccessRoom
) -> StaffRoom:
    db, clock, fields, audit = ground.db, ground.clock, ground.fields, ground.audit
    return StaffRoom(
        accounts=StaffAccounts(db=db, clock=clock, fields=fields, audit=audit),
        login=StaffLogin(
            db=db,
            clock=clock,
            codes=ground.codes,
            fields=fields,
            audit=audit,
            address_marks=ground.address_marks,
            idle=timedelta(minutes=ground.settings.staff_idle_min),
        ),
        desk=Desk(
            db=db,
            audit=audit,
            exams=exams.views,
            reports=exams.reports,
            access_codes=patient_access.codes,
            outbox=notifications.outbox,
            messages=notifications.views,
            one_time_codes=patient_access.one_time_codes,
        ),
        exam_search=ExamSearch(db=db, fields=fields, blind=ground.blind, codes=ground.codes, audit=audit),
        tokens=SessionTokens(ground.keys.derive("staff-session-jwt"), "staff"),
        form_key=ground.keys.derive("staff-forms"),
    )
