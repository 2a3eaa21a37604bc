"""Builds the room services/desk. Its rules are in app/services/desk."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.exams import ExamsRoom
from app.bootstrap.ground import Ground
from app.bootstrap.notifications import NotificationsRoom
from app.bootstrap.patient_access import PatientAccessRoom
from app.services.binding.binding import Binding
from app.services.desk.cut_numbers import CutNumbers
from app.services.desk.exam_search import ExamSearch
from app.services.desk.exams import ExamsAtDesk
from app.services.desk.failed_messages import FailedMessages
from app.services.desk.messages import Messages


@dataclass(frozen=True, kw_only=True)
class DeskRoom:
    exams: ExamsAtDesk
    exam_search: ExamSearch
    messages: Messages
    failed_messages: FailedMessages
    cut_numbers: CutNumbers


def build(
    ground: Ground,
    exams: ExamsRoom,
    notifications: NotificationsRoom,
    patient_access: PatientAccessRoom,
    binding: Binding,
) -> DeskRoom:
    db, clock, audit, outbox = ground.db, ground.clock, ground.audit, notifications.outbox
    messages = Messages(db=db, clock=clock, audit=audit, outbox=outbox, wake=ground.wake)
    return DeskRoom(
        exams=ExamsAtDesk(
            db=db,
            audit=audit,
            exams=exams.views,
            reports=exams.reports,
            access_codes=patient_access.codes,
            outbox=outbox,
            messages=messages,
            one_time_codes=patient_access.one_time_codes,
            opt_outs=notifications.opt_outs,
            binding=binding,
        ),
        exam_search=ExamSearch(db=db, fields=ground.fields, blind=ground.blind, codes=ground.codes, audit=audit),
        messages=messages,
        cut_numbers=CutNumbers(db=db, audit=audit, matching=exams.matching),
        failed_messages=FailedMessages(
            db=db, clock=clock, audit=audit, states=outbox.states, channels=outbox.channels, wake=ground.wake
        ),
    )
