"""At most one accepted message for each occasion and channel, and nobody is forgotten: two workers, a WeChat and a
carrier that fail wherever a call can fail, a patient who may look in between."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import bootstrap
from app.bootstrap import Services
from app.models import ChannelName, Notification, NotificationKind, Telling, TellingState
from app.repos.notifications import funnel, tellings
from app.services.channels.channel import Wording
from app.services.channels.wechat import WechatChannel, receipt_of
from app.services.notifications.states import FINISHED
from tests.factories.carriers import house_over
from tests.factories.faulty_carriers import FAULTS, NOTICE_FAULTS, Faulty, FaultyWechat, Killed
from tests.factories.house import clock_of, services
from tests.factories.telling import exam_of, follow, mark_prepared, register, sweep
from wechat.notices import NoticeJob, WechatNotifier

PAUSES_S = [61] * 11 + [3700] * 6
"""Between rounds: past the ten minutes after an unknown outcome, and past the hours after an unopened notice."""
LAST_TURN_OF_ALL = 12
ENDS = (*FINISHED, "accepted", "desk")
PUSHED = ("success", "failed:user block", "nothing")


def worker(plain: Services, wechat: FaultyWechat, carrier: Faulty) -> Services:
    """A house of its own on the same rows, between the faulty two."""
    built = bootstrap.build(plain.settings, clock_of(plain))
    channel = built.channels[ChannelName.WECHAT]
    assert isinstance(channel, WechatChannel)
    channels = {**built.channels, channel.name: replace(channel, notifier=cast("WechatNotifier", wechat))}
    return house_over(replace(built, channels=channels), carrier)


def something_new(house: Services) -> uuid.UUID:
    """One more occasion; the id of its telling."""
    exam = exam_of(house)
    with house.db.session() as session:
        tellings.end_all(session, exam.id)
        house.notifications.telling.queue_news(session, exam, NotificationKind.IMAGES_READY, Wording.READY)
        [row] = session.query(Telling).filter(Telling.state != TellingState.ENDED)
        return row.id


def round_of(house: Services) -> None:
    """What a worker does, until it dies."""
    for step in (
        house.notifications.telling.go_on_due,
        house.notifications.sending.send_due,
        house.notifications.lost_answers.give_up_silent,
        house.notifications.repeating.repeat_due,
        house.notifications.receipts.ask_due,
    ):
        try:
            step()
        except Killed:
            return


def pushed(house: Services, wechat: FaultyWechat, status: str) -> None:
    jobs = [NoticeJob(one, "oOpenid0001", status) for one, _ in wechat.taken]
    house.notifications.receipts.take([receipt_of(job) for job in jobs])


def is_over(house: Services, telling_id: uuid.UUID) -> bool:
    """No step is due, and no outcome is open."""
    with house.db.read() as session:
        row = session.get_one(Telling, telling_id)
        return row.look_at is None and all(each.state in ENDS for each in tellings.messages(session, row))


def check(became: dict[str, Notification], wechat: FaultyWechat, carrier: Faulty, state: str) -> None:
    about = (wechat.done, carrier.done, {name: each.state for name, each in became.items()}, state)
    assert len(wechat.taken) <= 1, about
    assert len(carrier.taken) <= 1, about
    for name, taken in (("wechat", len(wechat.taken)), ("sms", len(carrier.taken))):
        if name in became and became[name].state in ("accepted", "delivered"):
            assert taken == 1, about
    is_at_desk = state == TellingState.DESK or any(each.state == "desk" for each in became.values())
    assert wechat.taken or carrier.taken or is_at_desk, f"forgotten: {about}"
    if wechat.taken and became["wechat"].state in FINISHED and became["wechat"].opened_at is not None:
        assert not carrier.taken or became["sms"].created_at <= became["wechat"].opened_at, about


@pytest.mark.hypothesis
def test_each_way_takes_one_message_at_most_and_nobody_is_forgotten(tmp_path: Path) -> None:
    plain = services(tmp_path, wechat_notices="simulated")
    follow(plain, register(plain))
    mark_prepared(plain)
    sweep(plain)
    wechat, carrier = FaultyWechat(lambda: workers[1]), Faulty("a", lambda: workers[1])
    workers = [worker(plain, wechat, carrier) for _ in range(2)]
    reached = Counter[str]()

    @settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(st.sampled_from(NOTICE_FAULTS), max_size=4),
        st.lists(st.sampled_from(FAULTS), max_size=3),
        st.lists(st.sampled_from(("nothing", "sends", "gives up")), max_size=3),
        st.sampled_from(PUSHED),
        st.sampled_from((None, None, 2, 12)),
    )
    def any_faults(
        of_wechat: list[str], of_carrier: list[str], meanwhile: list[str], status: str, opens: int | None
    ) -> None:
        wechat.faults, wechat.meanwhile, wechat.done, wechat.taken = list(of_wechat), list(meanwhile), [], []
        carrier.faults, carrier.meanwhile, carrier.done, carrier.taken = list(of_carrier), [], [], []
        telling_id = something_new(plain)
        for turn, pause in enumerate(PAUSES_S):
            for each in workers:
                round_of(each)
            if turn == 1 and status != "nothing":
                pushed(plain, wechat, status)
            if turn == opens:
                with plain.db.session() as session:
                    funnel.note_look(session, exam_of(plain).id, ("opened",), clock_of(plain).now())
            if turn >= LAST_TURN_OF_ALL and is_over(plain, telling_id):
                break
            clock_of(plain).advance(pause)
        with plain.db.read() as session:
            row = session.get_one(Telling, telling_id)
            rows = tellings.messages(session, row)
            state, became = row.state, {each.channel: each for each in rows}
        of_this = {each.id.hex for each in rows}  # what an earlier example left may be sent in this one
        carrier.taken = [one for one in carrier.taken if one in of_this]
        check(became, wechat, carrier, state)
        assert len(rows) == len(became), "two messages by one way"
        done = {f"wechat {fault}" for fault in wechat.done} | {f"sms {fault}" for fault in carrier.done}
        reached.update([state, *done, *(each.state for each in rows)])
        reached["opened, so no text message"] += opens is not None and not carrier.done and bool(wechat.taken)
        reached["by both"] += bool(wechat.taken and carrier.taken)

    for fault in NOTICE_FAULTS:
        any_faults = example([fault], [], [], "nothing", None)(any_faults)
    for fault in FAULTS:  # a follower who blocked the account is told by text message
        any_faults = example([], [fault], [], "failed:user block", None)(any_faults)
    any_faults()
    assert all(reached[f"wechat {fault}"] for fault in NOTICE_FAULTS), reached
    assert all(reached[f"sms {fault}"] for fault in FAULTS), reached
    ends = ("wechat", "sms", "desk", "delivered", "failed", "opened, so no text message", "by both")
    assert all(reached[what] for what in ends), reached
