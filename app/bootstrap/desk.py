"""Builds the room services/desk. Its rules are in app/services/desk."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.exams import ExamsRoom
from app.bootstrap.ground import Ground
from app.bootstrap.notifications import NotificationsRoom
from app.bootstrap.patient_access import PatientAccessRoom
from app.services.audit.refused_fields import RefusedFields
from app.services.binding.binding import Binding
from app.services.desk.exam_search import ExamSearch
from app.services.desk.exams import ExamsAtDesk
from app.services.desk.failed_messages import FailedMessages
from app.services.desk.messages import Messages
from app.services.desk.patient_sees import PatientsView
from app.services.desk.phone_numbers import PhoneNumbers
from app.services.desk.proposals import Proposals
from app.services.desk.waiting import Waiting


@dataclass(frozen=True, kw_only=True)
class DeskRoom:
    exams: ExamsAtDesk
    exam_search: ExamSearch
    messages: Messages
    failed_messages: FailedMessages
    proposals: Proposals
    waiting: Waiting
    patients_view: PatientsView
    phone_numbers: PhoneNumbers


def build(
    ground: Ground,
    exams: ExamsRoom,
    notifications: NotificationsRoom,
    patient_access: PatientAccessRoom,
    binding: Binding,
) -> DeskRoom:
    db, clock, audit, outbox = ground.db, ground.clock, ground.audit, notifications.outbox
    refused = RefusedFields(db=db, audit=audit)
    proposals = Proposals(db=db, audit=audit, matching=exams.matching)
    messages = Messages(db=db, clock=clock, audit=audit, outbox=outbox, telling=notifications.telling, wake=ground.wake)
    return DeskRoom(
        exams=ExamsAtDesk(
            db=db,
            clock=clock,
            audit=audit,
            fields=ground.fields,
            refused=refused,
            exams=exams.views,
            reports=exams.reports,
            access_codes=patient_access.codes,
            outbox=outbox,
            messages=messages,
            one_time_codes=patient_access.one_time_codes,
            opt_outs=notifications.opt_outs,
            binding=binding,
        ),
        exam_search=ExamSearch(
            db=db,
            fields=ground.fields,
            blind=ground.blind,
            access_codes=patient_access.codes,
            audit=audit,
            refused=refused,
        ),
        messages=messages,
        proposals=proposals,
        waiting=Waiting(db=db, fields=ground.fields, audit=audit, refused=refused, proposals=proposals),
        patients_view=PatientsView(db=db, clock=clock, audit=audit, listing=exams.listing),
        phone_numbers=PhoneNumbers(
            db=db,
            audit=audit,
            patients=exams.patients,
            follower=exams.follower,
            regions=ground.settings.phone_regions,
        ),
        failed_messages=FailedMessages(
            db=db, clock=clock, audit=audit, states=outbox.states, channels=outbox.channels, wake=ground.wake
        ),
    )
