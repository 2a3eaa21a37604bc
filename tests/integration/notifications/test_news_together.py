"""News of several exams in one message, in daytime and not too often; and how far it came."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.models import Notification
from app.repos.notifications.funnel import STEPS
from app.services.operations.delivery_funnel import Bill
from sms.errors import SmsRefused, SmsRetryLater, SmsUnknown
from tests.factories.access import application, let_in
from tests.factories.carriers import Busy, with_carrier
from tests.factories.house import clock_of, services
from tests.factories.staff import console
from tests.factories.telling import (
    deliver_receipts,
    follow,
    mark_prepared,
    messages,
    notifications,
    register,
    states,
    sweep,
)

GATHERS = {"news_gather_min": "5"}
OPENID = "oOpenid0001"


def released(
    house: Services, *accessions: str, header: dict[str, str] | None = None, **changes: str
) -> list[uuid.UUID]:
    """Exams of one patient whose pictures came, swept until their news is queued; START is 9 in the morning."""
    found = []
    for accession in accessions:
        found.append(register(house, accession, **changes))
        mark_prepared(house, accession, **(header or {}))
    sweep(house)
    return found


def state(house: Services, exam_id: uuid.UUID) -> str:
    return states(house, exam_id)[0][2]


def details(house: Services, exam_id: uuid.UUID) -> list[str]:
    return [step.detail for view in house.desk.messages.history(exam_id) for step in view.history]


def row(house: Services, exam_id: uuid.UUID) -> Notification:
    return notifications(house, exam_id)[0]


def test_exams_that_are_finished_together_make_one_message_and_each_has_its_state(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS)
    exams = released(house, "A1", "A2")
    sweep(house, seconds=120)
    exams += released(house, "A3")
    assert [state(house, exam) for exam in exams] == ["pending"] * 3
    sweep(house, seconds=181)
    assert len(messages(house)) == 1
    assert [state(house, exam) for exam in exams] == ["accepted"] * 3
    assert sorted(row(house, exam).segments for exam in exams) == [0, 0, 1]
    deliver_receipts(house)
    assert [state(house, exam) for exam in exams] == ["delivered"] * 3
    assert [("told_together" in details(house, exam)) for exam in exams].count(True) == 2


def test_another_person_and_another_wording_go_alone(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS)
    released(house, "A1")
    released(house, "B1", patient_id="P2", patient_phone="13900000002", header={"PatientID": "P2"})
    released(house, "C1", patient_id="P3", header={"PatientID": "P3"})
    sweep(house, seconds=301)
    sweep(house, seconds=31)  # the carrier takes the same text for one number twice a minute
    assert len(messages(house)) == 2, "one phone number, two people: each is told"
    assert len(messages(house, "+8613900000002")) == 1


def test_without_gathering_each_exam_has_a_message_of_its_own(tmp_path: Path) -> None:
    house = services(tmp_path)
    released(house, "A1", "A2")
    sweep(house, seconds=31)
    assert len(messages(house)) == 2


def test_a_message_with_a_code_tells_of_one_exam(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS, sms_family="T1")
    released(house, "A1", "A2")
    sweep(house, seconds=301)
    assert len(messages(house)) == 2


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (SmsRetryLater("RequestLimitExceeded", "busy", after_s=1), "pending"),
        (SmsRefused("FailedOperation.PhoneNumberInBlacklist", "refused"), "failed"),
        (SmsUnknown("ClientNetworkError", "no answer"), "unknown"),
    ],
)
def test_what_becomes_of_a_message_becomes_of_all_that_it_carries(
    tmp_path: Path, answer: SmsRetryLater, found: str
) -> None:
    class Answering(Busy):
        pass

    Answering.answer = answer
    house = services(tmp_path, **GATHERS)
    exams = released(house, "A1", "A2")
    carrier = Answering()
    sweep(with_carrier(house, carrier), seconds=301)
    assert carrier.calls == 1
    assert [state(house, exam) for exam in exams] == [found] * 2
    if found == "pending":
        assert [row(house, exam).carried_by_id for exam in exams] == [None, None]
        sweep(house, seconds=61)
        assert len(messages(house)) == 1
        assert [state(house, exam) for exam in exams] == ["accepted"] * 2
    if found == "unknown":
        sweep(house, seconds=601)
        assert [state(house, exam) for exam in exams] == ["desk"] * 2


def test_an_exam_that_is_held_meanwhile_does_not_go_along(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS)
    first, held = released(house, "A1", "A2")
    house.release.holds.withhold(held, "staff asked", "staff:a")
    sweep(house, seconds=301)
    assert (state(house, first), state(house, held)) == ("accepted", "pending")


def test_a_message_that_is_queued_again_after_a_failure_carries_nobody(tmp_path: Path) -> None:
    class Empty(Busy):
        answer = SmsRefused("FailedOperation.InsufficientBalanceInSmsPackage", "used up", alarm=True)  # type: ignore[assignment]

    house = services(tmp_path, **GATHERS)
    exams = released(house, "A1", "A2", "A3")
    sweep(with_carrier(house, Empty()), seconds=301)
    assert [state(house, exam) for exam in exams] == ["failed"] * 3
    assert house.desk.failed_messages.queue_again("package bought", "staff:a") == 3
    assert [row(house, exam).carried_by_id for exam in exams] == [None] * 3
    sweep(house, seconds=1)
    assert len(messages(house)) == 1
    assert [state(house, exam) for exam in exams] == ["accepted"] * 3


def test_news_of_the_night_is_told_in_the_morning_and_codes_at_once(tmp_path: Path) -> None:
    house = services(tmp_path, news_hours="8-21")
    clock_of(house).advance(14 * 3600)  # 23 o'clock
    (exam,) = released(house, "A1")
    sweep(house, seconds=8 * 3600)
    assert state(house, exam) == "pending"
    house.desk.messages.resend(exam, "patient asks", "staff:a")
    sweep(house)
    assert len(messages(house)) == 1, "staff asked for it"
    sweep(house, seconds=3601)
    assert state(house, exam) == "accepted"


def test_a_message_that_could_not_be_sent_in_the_evening_waits_for_the_morning(tmp_path: Path) -> None:
    house = services(tmp_path, news_hours="8-21")
    clock_of(house).advance(11 * 3600 + 50 * 60)  # 20:50
    (exam,) = released(house, "A1")
    sweep(house)
    assert state(house, exam) == "accepted"
    (later,) = released(with_carrier(house, Busy()), "A2")
    for _ in range(12):
        sweep(with_carrier(house, Busy()), seconds=300)
    assert state(house, later) == "pending"
    assert "waits_for_morning" in details(house, later)


def test_a_patient_gets_so_many_messages_a_day_and_the_rest_in_one_the_next(tmp_path: Path) -> None:
    house = services(tmp_path, news_a_day="2", news_gather_min="1")
    exams = []
    for number in range(5):
        exams += released(house, f"A{number}")
        sweep(house, seconds=3600)
    assert len(messages(house)) == 2
    assert [state(house, exam) for exam in exams] == ["delivered", "delivered", "pending", "pending", "pending"]
    assert "daily_limit" in details(house, exams[2])
    sweep(house, seconds=20 * 3600)
    assert len(messages(house)) == 3
    assert {state(house, exam) for exam in exams[2:]} == {"accepted"}


def test_the_funnel_counts_queued_accepted_delivered_opened_and_viewed(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS)
    exams = released(house, "A1", "A2")
    sweep(house, seconds=301)
    (counted,) = house.operations.delivery_funnel.last_days()
    assert counted.steps == dict(zip(STEPS, (2, 2, 0, 0, 0), strict=True))
    assert counted.segments == 1
    deliver_receipts(house)
    client = let_in(application(house), house, exams[0])
    exam = exams[0]
    assert client.get(f"/exams/{exam.hex}").status_code == 200
    (counted,) = house.operations.delivery_funnel.last_days()
    assert counted.steps == dict(zip(STEPS, (2, 2, 2, 1, 0), strict=True))
    clock_of(house).advance(31 * 86_400)
    assert house.operations.delivery_funnel.last_days() == []


def test_the_console_shows_the_funnel_of_each_channel_beside_what_was_queued(tmp_path: Path) -> None:
    house = services(tmp_path, **GATHERS)
    desk = console(application(house), house)
    assert "近 30 天没有通知" in desk.get("/staff/messages").text
    released(house, "A1", "A2")
    sweep(house, seconds=301)
    deliver_receipts(house)
    row = desk.get("/staff/messages").text.partition('id="funnel"')[2].partition("<tbody>")[2].partition("</tr>")[0]
    cells = [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in row.split("</td>")[:-1]]
    assert cells == ["短信", "2", "2 · 100%", "2 · 100%", "0 · 0%", "0 · 0%", "1"]


def test_segments_of_news_and_of_codes_are_counted_and_costed(tmp_path: Path) -> None:
    house = services(tmp_path, sms_segment_fen="5")
    released(house, "A1")
    house.phone_door.request("+8613900000001", "a browser", "203.0.113.9")
    sweep(house)
    assert house.operations.delivery_funnel.bill() == Bill(news=1, codes=1, fen=10)
    told = {figure.name: figure.values for figure in house.operations.figures.now()}
    assert told["cloudfilm_segments"] == {("news",): 1, ("codes",): 1}
    assert told["cloudfilm_segments_fen"] == {(): 10}
    sweep(house, seconds=31 * 86_400)
    assert house.operations.delivery_funnel.bill() == Bill(news=0, codes=0, fen=0)
    assert services(tmp_path).operations.delivery_funnel.bill().fen is None


def test_a_notice_of_several_exams_leads_to_the_list_and_each_exam_has_its_state(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", **GATHERS)
    follow(house, register(house, "A1"), OPENID)
    exams = released(house, "A1", "A2", "A3")
    sweep(house, seconds=301)
    assert house.simulation.wechat is not None
    [notice] = house.simulation.wechat.notices(OPENID)
    assert notice.url.endswith("/wx/enter?to=exams")
    assert [states(house, exam) for exam in exams] == [[("images_ready", "wechat", "accepted")]] * 3
    assert messages(house) == []
    sweep(house, seconds=5 * 3600)  # nobody opened any of them
    sweep(house, seconds=301)
    assert len(messages(house)) == 1, "the text message that follows is one, too"


def test_a_notice_of_one_exam_leads_to_that_exam(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", **GATHERS)
    follow(house, register(house, "A1"), OPENID)
    released(house, "A1")
    sweep(house, seconds=301)
    assert house.simulation.wechat is not None
    [notice] = house.simulation.wechat.notices(OPENID)
    assert "/s/" in notice.url


def test_a_notice_whose_answer_was_lost_is_handed_over_again_with_the_list(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", **GATHERS)
    follow(house, register(house, "A1"), OPENID)
    released(house, "A1", "A2")
    assert house.simulation.wechat is not None
    house.simulation.wechat.order("/cgi-bin/message/template/send", "cut", 1)
    sweep(house, seconds=301)
    sweep(house, seconds=61)
    [notice] = house.simulation.wechat.notices(OPENID)
    assert notice.url.endswith("/wx/enter?to=exams")
