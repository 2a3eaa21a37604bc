"""At most one accepted message for each occasion, and exactly one whenever the outcome can be learnt: two workers, two
carriers one of which stands in for the other, and faults wherever a call can fail."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import bootstrap
from app.bootstrap import Services
from app.models import Notification, NotificationKind
from app.services.channels.channel import Wording
from app.services.notifications.states import FINISHED
from sms.failover import Failover
from sms.sender import SmsSender
from tests.factories.carriers import house_over
from tests.factories.faulty_carriers import FAULTS, MEANWHILE, Faulty, Killed
from tests.factories.house import clock_of, services
from tests.factories.telling import exam_of, mark_prepared, notifications, register, sweep

NEVER_TAKEN_AND_FINAL = ("silent", "account", "number", "fault", "killed before")
PAUSES_S = [61] * 14 + [1200] * 12
"""Between rounds: long enough for every pause after "busy" and "out of reach"."""


def told_again(house: Services) -> Notification:
    """One more occasion of the exam; its message."""
    exam = exam_of(house)
    with house.db.session() as session:
        house.notifications.telling.queue_news(session, exam, NotificationKind.RESEND, Wording.READY)
    again = [row for row in notifications(house, exam.id) if row.kind == NotificationKind.RESEND]
    return max(again, key=lambda row: row.occasion or 0)


def work(house: Services) -> None:
    """What a worker does in one round, until it dies."""
    try:
        house.notifications.sending.send_due()
        house.notifications.lost_answers.give_up_silent()
        house.notifications.receipts.ask_due()
    except Killed:
        pass


@pytest.mark.hypothesis
def test_whatever_fails_at_most_one_message_is_accepted_and_one_when_that_can_be_learnt(tmp_path: Path) -> None:
    plain = services(tmp_path)
    register(plain)
    mark_prepared(plain)
    sweep(plain)
    first, second = Faulty("a", lambda: workers[1]), Faulty("b", lambda: workers[1])
    both = Failover((cast("SmsSender", first), cast("SmsSender", second)))
    workers = [house_over(bootstrap.build(plain.settings, clock_of(plain)), both) for _ in range(2)]
    reached = Counter[str]()

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        *[st.lists(st.sampled_from(FAULTS), max_size=3)] * 2,
        st.lists(st.sampled_from(MEANWHILE), max_size=3),
        st.sampled_from((0, 3, 10)),
    )
    def any_faults(of_first: list[str], of_second: list[str], meanwhile: list[str], in_vain: int) -> None:
        for carrier, faults in ((first, of_first), (second, of_second)):
            carrier.faults, carrier.meanwhile = list(faults), list(meanwhile)
            carrier.done, carrier.taken, carrier.given_up, carrier.asked_in_vain = [], [], False, in_vain
        row = told_again(plain)
        for pause in PAUSES_S:
            for worker in workers:
                work(worker)
            with plain.db.read() as session:
                state = session.get_one(Notification, row.id).state
            if state in FINISHED:
                break
            clock_of(plain).advance(pause)
        taken = [*first.taken, *second.taken].count(row.id.hex)
        done = {*first.done, *second.done}
        assert taken <= 1, (first.done, second.done)
        assert (taken == 1) == (state in ("accepted", "delivered")), (state, first.done, second.done)
        if not done & {*NEVER_TAKEN_AND_FINAL} and not first.given_up and not second.given_up:
            assert taken == 1, (state, first.done, second.done)
        learnt_late = taken and (first.given_up or second.given_up)
        reached.update([state, *done, *(["two carriers"] if second.done else []), *(["late"] if learnt_late else [])])

    for fault in FAULTS:  # the search alone leaves one out about once in a thousand runs
        any_faults = example([fault], [], [], 0)(any_faults)
    for fault, act in (("lost", "gives up"), ("away", "sends"), ("account", "is told")):
        any_faults = example([fault], [], [act], 3)(any_faults)
    any_faults()
    assert all(reached[fault] for fault in FAULTS), reached
    assert all(reached[what] for what in ("delivered", "desk", "failed", "two carriers", "late")), reached
