"""News of several exams in one message, in daytime, and not too often. The times are `telling_times`, the call is in
`sending`.

The row that is sent carries the others: they have its state from then on, and its message is theirs. So each exam still
has a row, a history and exactly one message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import UnsealError
from app.models import FOR_RELATIVES, EventDetail, Exam, Notification, NotificationKind
from app.models import NotificationState as State
from app.repos.notifications import gathering as repo
from app.repos.notifications import outbox
from app.security.fields import FieldSealer
from app.services.channels.channel import Channels
from app.services.notifications.states import NotificationStates
from app.services.notifications.telling_plan import SILENT
from app.services.notifications.telling_times import DAY, TellingTimes

NEWS = (NotificationKind.IMAGES_READY, NotificationKind.REPORT_READY, NotificationKind.REPORT_AMENDED)
SECOND = timedelta(seconds=1)
MOST_A_SECOND = 20


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """Decides which news waits, and which news goes along with other news. Inside the caller's transaction. It raises
    nothing of its own."""

    clock: Clock
    fields: FieldSealer
    states: NotificationStates
    channels: Channels
    times: TellingTimes

    def has_to_wait(self, session: Session, row: Notification, exam: Exam) -> bool:
        """Put news off to the morning, or until its patient had few enough messages; True when it was put off."""
        now = self.clock.now()
        until = {EventDetail.WAITS_FOR_MORNING: self.times.next_open(now)}
        if row.kind in NEWS:
            repo.lock_patient(session, exam.patient_id)  # two workers with two of its exams come one after another
            sent = repo.sent_at(session, exam.patient_id, row.channel, NEWS, now - DAY)
            until[EventDetail.DAILY_LIMIT] = self.times.after_limit(sent, now)
            until[EventDetail.PACED] = self._paced(session, row, sent, now) if row.channel in SILENT else now
        elif row.kind not in FOR_RELATIVES:
            return False
        detail = max(until, key=lambda one: until[one])
        if until[detail] <= now:
            return False
        if outbox.change(session, row.id, (State.PENDING,), now, {"next_attempt_at": until[detail]}):
            self.states.tell(session, row, State.PENDING, detail)
        return True

    def _paced(self, session: Session, row: Notification, sent: Sequence[datetime], now: datetime) -> datetime:
        """WeChat answers 43117 to many notices in a short time to one user, and -1 to many at once to all."""
        after_the_last = max(sent, default=now - DAY) + self.times.spacing
        if repo.count_sent(session, row.channel, now - SECOND) < MOST_A_SECOND:
            return after_the_last
        return max(after_the_last, now + SECOND * (1 + row.id.int % 3))  # not all at the same moment again

    def take_along(self, session: Session, row: Notification, exam: Exam, until: datetime) -> int:
        """Let a row that is being sent carry the same news of the patient's other exams. Returns how many.

        Only where news is gathered, and no more than one message can lead to. `until`: when the worker counts as lost.
        """
        if not self.times.gather or row.kind not in NEWS:
            return 0
        address = self.fields.open_of(row, "recipient_sealed")
        others = self.channels[row.channel].most_together(row) - 1
        found = repo.same_news(session, row, exam.patient_id, NEWS, others)
        now, taken = self.clock.now(), 0
        for other in found:
            if self._address(other) == address:
                taken += self.states.move(
                    session,
                    other,
                    State.SENDING,
                    EventDetail.TOLD_TOGETHER,
                    carried_by_id=row.id,
                    attempts=other.attempts + 1,
                    sent_at=now,
                    next_attempt_at=until,
                )
        return taken

    def _address(self, row: Notification) -> str | None:
        """None when it cannot be opened: that is told when this row is sent itself."""
        try:
            return self.fields.open_of(row, "recipient_sealed")
        except UnsealError:
            return None
