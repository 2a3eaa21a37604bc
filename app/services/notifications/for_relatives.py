"""News of an exam for relatives who may see it: by their own phone number and their own WeChat, never by the patient's.

The row stands at the member's exam, so it waits while that exam is held and ends with it. Whose exams a relative sees
is decided in services/family; what a message says, in `channels`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Exam, Notification, NotificationKind
from app.repos.binding.codes import Person, registrations
from app.repos.exams import patients
from app.repos.family import grants
from app.repos.notifications import tellings
from app.security.fields import FieldSealer
from app.services.channels.channel import Channel, Recipient, Wording
from app.services.notifications.outbox import Outbox


@dataclass(frozen=True, kw_only=True)
class ForRelatives:
    """Decides how relatives are reached. Inside the caller's transaction. It raises nothing of its own."""

    clock: Clock
    fields: FieldSealer
    outbox: Outbox

    def tell_amended(self, session: Session, exam: Exam, readers: Collection[Person]) -> int:
        """Tell those of the readers who may still see the exam that its report was amended, by every way that reaches.
        Returns how many messages were queued. An address that two share gets one; the patient's own gets none: the
        patient's message goes there."""
        patient = patients.patient(session, exam.patient_id)
        kind, channels = NotificationKind.RELATIVE_AMENDED, self.outbox.channels.values()
        own = (channel.recipient(session, patient) for channel in channels)
        told = {recipient.address for recipient in own if recipient is not None}
        before = len(told)
        for person in self._who_may_see(session, exam):
            occasion = tellings.next_occasion(session, exam.id, kind)
            for channel in channels if person in readers else ():
                recipient = self._recipient(session, channel, person)
                if recipient is not None and recipient.address not in told:
                    told.add(recipient.address)
                    self.outbox.queue_on(session, exam, channel, recipient, kind, Wording.RELATIVE_AMENDED, occasion)
        return len(told) - before

    def is_wanted(self, session: Session, row: Notification, exam: Exam) -> bool:
        """Whether a queued message still goes to somebody who may see the exam. The grant may have ended meanwhile, and
        the number may be another person's now."""
        channel, address = self.outbox.channels[row.channel], self.fields.open_of(row, "recipient_sealed")
        found = (self._recipient(session, channel, person) for person in self._who_may_see(session, exam))
        return any(recipient is not None and recipient.address == address for recipient in found)

    def _who_may_see(self, session: Session, exam: Exam) -> Iterator[Person]:
        patient = patients.patient(session, exam.patient_id)
        member = Person(patient.name_hash, patient.id_number_hash)
        rows = grants.of_member(session, member, self.clock.now())
        yield from dict.fromkeys(Person(row.relative_name_hash, row.relative_number_hash) for row in rows)

    def _recipient(self, session: Session, channel: Channel, person: Person) -> Recipient | None:
        """By the newest registration that has an address."""
        found = (channel.recipient(session, patient) for patient in registrations(session, person))
        return next((recipient for recipient in found if recipient is not None), None)
