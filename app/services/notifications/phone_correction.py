"""A corrected phone number of a patient, in every exam: codes for another number end, and waiting messages go to the
new number.

A message that already reached another number is not sent again automatically. The desk can send it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import FOR_RELATIVES, NO_NEWS, CancelReason, Exam, Notification, Patient
from app.models import NotificationState as State
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.notifications import gathering, tellings
from app.repos.notifications import outbox as repo
from app.repos.patient_access import one_time_codes
from app.security.fields import FieldSealer
from app.services.channels.channel import Channels
from app.services.notifications.states import NotificationStates
from app.services.notifications.telling_plan import IN_VAIN
from app.services.patient_access.codes import AccessCodes

RECENT = timedelta(days=30)
MOST_FOLLOWED = 100
"""One commit handles only so many exams of a patient one by one, the newest. Test patients have thousands."""


@dataclass(frozen=True, kw_only=True)
class PhoneCorrection:
    """Decides what follows when the RIS sends a phone number. `tell_anew(session, exam)` queues the exam's news as a
    text message. It raises nothing of its own."""

    clock: Clock
    fields: FieldSealer
    access_codes: AccessCodes
    states: NotificationStates
    channels: Channels
    tell_anew: Callable[[Session, Exam], None]

    def number_changed(self, session: Session, patient: Patient, phone: str | None) -> None:
        """Apply the new number to all exams of the patient, inside the caller's transaction. A patient whose first
        number arrives now is not told of old exams. For exams beyond MOST_FOLLOWED all codes that were sent by text
        message, one-time codes and sessions end; waiting messages are redirected when they are sent."""
        exams = exam_repo.newest_of_patient(session, patient.id, MOST_FOLLOWED)
        if len(exams) == MOST_FOLLOWED:
            by_phone = [name for name, channel in self.channels.items() if channel.follows_phone]
            self.access_codes.end_sent_codes_of_others(session, patient.id, [exam.id for exam in exams], by_phone)
        for exam in reversed(exams):
            is_recent = exam.told_from is not None and exam.told_from > self.clock.now() - RECENT
            self._follow(session, exam, phone, tell_untold=is_recent)

    def phone_given(self, session: Session, exam: Exam, phone: str | None) -> None:
        """Apply the number to one exam, inside the caller's transaction. The same number again changes nothing."""
        self._follow(session, exam, phone, tell_untold=True)

    def redirect(self, session: Session, row: Notification) -> bool:
        """For a message that was not sent yet or failed. When its number is no longer the number on file (it may be
        corrected during the call), apply the number on file to the exam. Returns True in this case."""
        exam = exam_repo.exam(session, row.exam_id)
        if exam is None or not self.channels[row.channel].follows_phone or row.kind in FOR_RELATIVES:
            return False
        patient = patients.patient(session, exam.patient_id)
        phone = self.fields.open_of(patient, "phone_sealed") if patient.phone_sealed else None
        if self.fields.open_of(row, "recipient_sealed") == phone:
            return False
        self.phone_given(session, exam, phone)
        return True

    def redirect_all(self, session: Session, row: Notification) -> None:
        """The same for a message that failed and for those that it carried."""
        for each in (row, *gathering.carried(session, row.id)):
            self.redirect(session, each)

    def _follow(self, session: Session, exam: Exam, phone: str | None, *, tell_untold: bool) -> None:
        all_messages = [row for row in repo.of_exam(session, exam.id) if row.kind not in FOR_RELATIVES]
        messages = [row for row in all_messages if self.channels[row.channel].follows_phone]
        astray = [row for row in messages if self.fields.open_of(row, "recipient_sealed") != phone]
        self.access_codes.keep_of_phone(
            session, exam, phone, {row.access_code_id for row in astray if row.access_code_id}
        )
        for row in astray:
            if row.one_time_code_id is not None:
                one_time_codes.end(session, row.one_time_code_id, self.clock.now())
        stopped = [row for row in astray if self.states.move(session, row, State.CANCELLED, CancelReason.ANOTHER_PHONE)]
        if phone is None or exam.told_from is None:
            return
        lost = [row for row in stopped if _is_news(row)]
        untold = not any(_is_news(row) and not _came_to_nothing(row, astray) for row in messages)
        notices = [row for row in all_messages if row not in messages and row.state not in IN_VAIN]
        if notices and tell_untold and not any(_is_news(row) for row in messages):
            tellings.look_again(session, exam.id, self.clock.now())  # a notice may be followed by a text message now
        elif lost or (untold and tell_untold and not tellings.is_under_way(session, exam.id)):
            self.tell_anew(session, exam)


def _is_news(row: Notification) -> bool:
    return row.kind not in NO_NEWS


def _came_to_nothing(row: Notification, astray: list[Notification]) -> bool:
    """The message was cancelled, or it failed at a number that is no longer on file."""
    return row.state == State.CANCELLED or (row.state == State.FAILED and row in astray)
