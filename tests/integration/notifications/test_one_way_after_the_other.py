"""A notice first, then a text message, then the desk; each step once, whatever fails."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.models import ChannelName, Telling, TellingState
from app.services.channels.wechat import receipt_of
from app.services.notifications.gathering import MOST_A_SECOND
from sms.errors import SmsRefused
from tests.factories.access import application, issued, let_in, opened
from tests.factories.carriers import Busy, with_carrier
from tests.factories.house import services
from tests.factories.telling import (
    correct,
    deliver_receipts,
    follow,
    mark_prepared,
    messages,
    notifications,
    register,
    report,
    states,
    sweep,
)
from wechat.notices import NoticeJob

SEND = "/cgi-bin/message/template/send"
HOUR = 3600
OPENID = "oOpenid0001"


class Refusing(Busy):
    answer = SmsRefused("FailedOperation.PhoneNumberInBlacklist", "refused")  # type: ignore[assignment]


def house_of_a_follower(
    folder: Path, fault: tuple[str, int] | None = None, **changes: str
) -> tuple[Services, uuid.UUID]:
    """Its exam is about to be released; WeChat answers with a fault so often."""
    house = services(folder, wechat_notices="simulated", **changes)
    exam_id = register(house)
    follow(house, exam_id, OPENID)
    mark_prepared(house)
    if fault is not None:
        assert house.simulation.wechat is not None
        house.simulation.wechat.order(SEND, *fault)
    return house, exam_id


def taken(house: Services, openid: str) -> int:
    assert house.simulation.wechat is not None
    return len(house.simulation.wechat.notices(openid))


def notices(house: Services) -> int:
    return taken(house, OPENID)


def told(house: Services, exam_id: uuid.UUID) -> dict[str, str]:
    """channel -> state of its only message."""
    found = states(house, exam_id)
    assert len({channel for _, channel, _ in found}) == len(found), "told twice by one way"
    return {channel: state for _, channel, state in found}


def step(house: Services, exam_id: uuid.UUID) -> list[str]:
    with house.db.read() as session:
        rows = session.query(Telling).filter(Telling.exam_id == exam_id).order_by(Telling.begun_at, Telling.occasion)
        return [row.state for row in rows]


def became(house: Services, exam_id: uuid.UUID, status: str) -> None:
    """WeChat pushes what became of the notice."""
    [row] = [row for row in notifications(house, exam_id) if row.channel == ChannelName.WECHAT]
    job = NoticeJob((row.provider_serial or "").removeprefix("wechat:"), OPENID, status)
    house.notifications.receipts.take([receipt_of(job)])


def test_an_unopened_notice_becomes_a_text_message_after_four_hours_and_never_a_second_one(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    became(house, exam_id, "success")
    sweep(house, seconds=4 * HOUR - 60)
    assert told(house, exam_id) == {"wechat": "delivered"}
    assert step(house, exam_id) == [TellingState.WECHAT]
    sweep(house, seconds=61)
    assert told(house, exam_id) == {"wechat": "delivered", "sms": "accepted"}
    assert step(house, exam_id) == [TellingState.SMS]
    for _ in range(10):
        sweep(house, seconds=12 * HOUR)
    deliver_receipts(house)
    assert (notices(house), len(messages(house))) == (1, 1)


def test_who_opens_the_exam_gets_no_text_message(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    assert let_in(application(house), house, exam_id).get(f"/exams/{exam_id.hex}").status_code == 200
    for _ in range(3):
        sweep(house, seconds=4 * HOUR)
    assert told(house, exam_id) == {"wechat": "accepted"}
    assert messages(house) == []


def test_hours_of_the_night_are_not_waited_for(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path, news_hours="8-21")
    sweep(house, seconds=11 * HOUR)  # 20 o'clock
    sweep(house, seconds=5 * HOUR)
    assert told(house, exam_id) == {"wechat": "accepted"}
    sweep(house, seconds=10 * HOUR + 1)  # 11 o'clock
    assert told(house, exam_id) == {"wechat": "accepted", "sms": "accepted"}


@pytest.mark.parametrize("errcode", ["43117", "43101", "43004", "40037"])
def test_a_refused_notice_becomes_a_text_message_at_once(tmp_path: Path, errcode: str) -> None:
    house, exam_id = house_of_a_follower(tmp_path, (errcode, 9))
    sweep(house)
    assert told(house, exam_id) == {"wechat": "failed", "sms": "accepted"}
    assert (notices(house), len(messages(house))) == (0, 1)
    assert not house.desk.failed_messages.newest().rows


def test_a_notice_that_did_not_arrive_becomes_a_text_message_at_once(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    became(house, exam_id, "failed:user block")
    sweep(house)
    became(house, exam_id, "success")  # says the contrary later, and changes nothing
    assert told(house, exam_id) == {"wechat": "failed", "sms": "accepted"}


def test_where_no_way_is_left_the_desk_has_it_on_its_list(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path, ("43101", 1))
    sweep(with_carrier(house, Refusing()))
    assert told(house, exam_id) == {"wechat": "failed", "sms": "failed"}
    assert step(house, exam_id) == [TellingState.DESK]
    assert {view.channel for view in house.desk.failed_messages.newest().rows} == {"wechat", "sms"}
    assert "news.at_desk" in {event.action for event in house.audit.reading.newest().rows}


def test_who_has_no_address_is_on_the_desks_list_until_a_number_comes(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house, patient_phone=None)
    mark_prepared(house)
    sweep(house)
    assert [exam.exam_id for exam in house.desk.failed_messages.unreached()] == [exam_id]
    for _ in range(3):
        sweep(house, seconds=24 * HOUR)
    correct(house)
    sweep(house)
    assert told(house, exam_id) == {"sms": "accepted"}
    assert house.desk.failed_messages.unreached() == []
    assert step(house, exam_id) == [TellingState.ENDED, TellingState.SMS]


def test_who_has_no_address_and_comes_by_the_qr_code_is_on_no_list_any_more(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam = issued(house, patient_phone=None)
    mark_prepared(house)
    sweep(house)
    assert len(house.desk.failed_messages.unreached()) == 1
    opened(application(house), exam)
    assert house.desk.failed_messages.unreached() == []


def test_a_notice_whose_outcome_is_unknown_is_handed_over_again_and_is_one_notice(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path, ("cut", 6))
    sweep(house)
    assert told(house, exam_id) == {"wechat": "unknown"}
    for _ in range(4):
        sweep(house, seconds=31)
    assert told(house, exam_id) == {"wechat": "accepted"}
    assert (notices(house), len(messages(house))) == (1, 0)


def test_a_call_that_is_refused_later_says_nothing_about_the_first(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path, ("cut", 2))
    sweep(house)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order(SEND, "43117", 1)
    sweep(house, seconds=31)
    assert told(house, exam_id) == {"wechat": "unknown"}
    sweep(house, seconds=31)
    assert told(house, exam_id) == {"wechat": "accepted"}


def test_after_nine_minutes_it_is_not_handed_over_again_and_a_text_message_follows(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path, ("html", 999))
    for _ in range(24):
        sweep(house, seconds=31)
    assert told(house, exam_id) == {"wechat": "desk", "sms": "accepted"}
    assert house.simulation.wechat is not None
    house.simulation.wechat.order(SEND, "html", 0)
    for _ in range(5):
        sweep(house, seconds=HOUR)
    assert (notices(house), len(messages(house))) == (0, 1)
    assert not house.desk.messages.to_be_settled().rows, "the patient was told by another way"


def test_a_corrected_number_while_a_notice_lies_unopened_gets_the_text_message(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    correct(house, patient_phone="13900000002")
    sweep(house)
    assert told(house, exam_id) == {"wechat": "accepted"}
    sweep(house, seconds=4 * HOUR)
    assert told(house, exam_id) == {"wechat": "accepted", "sms": "accepted"}
    assert (len(messages(house)), len(messages(house, "+8613900000002"))) == (0, 1)


def test_what_staff_send_again_goes_by_every_way_and_nothing_follows_it(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    house.desk.messages.resend(exam_id, "患者没有收到", "staff:desk1")
    for _ in range(3):
        sweep(house, seconds=4 * HOUR)
    assert (notices(house), len(messages(house))) == (2, 1)
    assert step(house, exam_id) == [TellingState.ENDED]


def test_a_revoked_exam_is_told_no_more(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    sweep(house)
    house.desk.exams.revoke(exam_id, "误发", "staff:desk1")
    sweep(house, seconds=5 * HOUR)
    assert messages(house) == []


def test_who_wants_no_text_messages_gets_none_after_the_notice_and_is_nobodys_work(tmp_path: Path) -> None:
    house, exam_id = house_of_a_follower(tmp_path)
    house.notifications.opt_outs.said_at_desk(exam_id, True, "患者要求", "staff:desk1")
    sweep(house)
    sweep(house, seconds=5 * HOUR)
    sweep(house, seconds=60)
    assert messages(house) == []
    assert step(house, exam_id) == [TellingState.ENDED]
    assert not house.desk.failed_messages.newest().rows


@pytest.mark.parametrize("kind", ["-1", "45009", "html", "cut"])
@pytest.mark.parametrize("carrier_too", [False, True])
def test_when_wechat_was_down_for_an_hour_everything_is_told_once_afterwards(
    tmp_path: Path, kind: str, carrier_too: bool
) -> None:
    house, first = house_of_a_follower(tmp_path, (kind, 9999))
    assert house.simulation.wechat is not None
    house.simulation.wechat.order("/cgi-bin/stable_token", kind, 9999)
    second = register(house, "A2")
    mark_prepared(house, "A2")
    down = with_carrier(house, Busy()) if carrier_too else house
    for _ in range(13):
        sweep(down, seconds=300)
    house.simulation.wechat.order("/", kind, 0)
    for _ in range(6):
        sweep(house, seconds=1800)
        deliver_receipts(house)
    arrived = [told(house, exam_id) for exam_id in (first, second)]
    for channels in arrived:
        ended = [state for state in channels.values() if state in ("accepted", "delivered")]
        assert len(ended) == 1, channels
    assert (len(messages(house)) > 0) != (notices(house) > 0), "everybody was told by one way"


def test_notices_to_one_patient_and_to_all_are_paced(tmp_path: Path) -> None:
    house, _ = house_of_a_follower(tmp_path, news_gather_min="1")
    register(house, "A2")
    report(house, "A2")  # another wording: it does not go along
    mark_prepared(house, "A2")
    sweep(house)
    sweep(house, seconds=61)
    assert notices(house) == 1, "the second waits a minute"
    sweep(house, seconds=61)
    assert notices(house) == 2


def test_no_more_notices_go_out_in_a_second_than_wechat_takes(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    for number in range(MOST_A_SECOND + 2):
        exam_id = register(house, f"A{number}", patient_id=f"Q{number}", patient_id_number=None)
        follow(house, exam_id, f"oOpenid{number:04}")
        mark_prepared(house, f"A{number}", PatientID=f"Q{number}")
    sweep(house)
    assert sum(taken(house, f"oOpenid{number:04}") for number in range(MOST_A_SECOND + 2)) == MOST_A_SECOND
    sweep(house, seconds=4)
    assert sum(taken(house, f"oOpenid{number:04}") for number in range(MOST_A_SECOND + 2)) == MOST_A_SECOND + 2
