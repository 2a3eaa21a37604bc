"""Who came by the QR code and does not follow us asks to be told, and is told in WeChat all the same."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.bootstrap import Services
from app.bootstrap.simulated_wechat import SUBSCRIPTION_ID
from app.models import NoticeSubscription, Notification
from tests.factories.access import issued, let_in
from tests.factories.family import MOTHER, added, daughter, registered
from tests.factories.house import clock_of, services
from tests.factories.login import authorised
from tests.factories.phone_door import listed
from tests.factories.sharing import form_token, guest, helper_code, share, try_passcode
from tests.factories.telling import exam_of, mark_prepared, messages, register, states, sweep
from wechat.pushes import Endpoint, Mode, Push
from wechat.simulator.ciphers import signature

OPENID = "oNoFollower00000000000000001"
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}
SEND = "/cgi-bin/message/subscribe/bizsend"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, wechat_notices="simulated")


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def pressed(client: FlaskClient, house: Services) -> Any:
    """From the exam's page to WeChat's button, and the form that follows when the user agrees."""
    asked = client.get("/notify")
    assert asked.status_code == 302
    code, state = authorised(house, asked.headers["Location"], OPENID)
    back = client.get("/wx/callback", query_string={"code": code, "state": state})
    assert back.headers["Location"] == "/notify"
    page = client.get("/notify").text
    assert f'<wx-open-subscribe template="{SUBSCRIPTION_ID}">' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    return client.post("/notify", data={"csrf_token": token[1]})


def agrees(house: Services, word: str = "accept") -> None:
    """What the user answers in WeChat's window."""
    assert house.simulation.wechat is not None
    house.simulation.wechat._post(
        "/control/say",
        {
            "openid": OPENID,
            "event": "subscribe_msg_popup_event",
            "list": [{"TemplateId": SUBSCRIPTION_ID, "SubscribeStatusString": word, "PopupScene": "2"}],
            "long_term": True,
            "mode": "plain",
            "deliver": False,
        },
    )
    house.simulation.wechat.unfollow(OPENID)


def wishes(house: Services) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).where(NoticeSubscription.ended_at.is_(None))) or 0


def test_who_does_not_follow_is_told_in_wechat_when_the_report_is_there(house: Services, app: Flask) -> None:
    exam_id = register(house)
    client = let_in(app, house, exam_id)
    assert 'href="/notify"' in client.get(f"/exams/{exam_id.hex}", headers=IN_WECHAT).text
    assert 'href="/notify"' not in client.get(f"/exams/{exam_id.hex}").text
    assert "已经记下" in pressed(client, house).text
    agrees(house)
    mark_prepared(house)
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "wechat", "accepted")]
    assert house.simulation.wechat is not None
    assert len(house.simulation.wechat.notices(OPENID)) == 1
    assert messages(house) == []
    sweep(house, seconds=5 * 3600)
    assert len(messages(house)) == 1, "unopened, it is followed by a text message as any notice"


def test_whom_wechat_does_not_let_us_tell_gets_a_text_message(house: Services, app: Flask) -> None:
    exam_id = register(house)
    pressed(let_in(app, house, exam_id), house)  # and then refused in WeChat's window
    mark_prepared(house)
    sweep(house)
    assert {channel: state for _, channel, state in states(house, exam_id)} == {"wechat": "failed", "sms": "accepted"}


def test_a_notice_without_an_id_of_its_own_is_never_handed_over_twice(house: Services, app: Flask) -> None:
    exam_id = register(house)
    pressed(let_in(app, house, exam_id), house)
    agrees(house)
    assert house.simulation.wechat is not None
    house.simulation.wechat.order(SEND, "cut", 1)
    mark_prepared(house)
    for _ in range(24):
        sweep(house, seconds=31)
    assert len(house.simulation.wechat.notices(OPENID)) == 1
    assert {channel: state for _, channel, state in states(house, exam_id)} == {"wechat": "desk", "sms": "accepted"}


def finished_together(house: Services, *accessions: str) -> list[uuid.UUID]:
    """More exams of the same patient; the pictures of all are ready, and the minutes of gathering pass."""
    exams = [register(house, accession) for accession in accessions]
    for accession in accessions:
        mark_prepared(house, accession)
    sweep(house)
    sweep(house, seconds=301)
    return exams


def exam_of_the_link(house: Services) -> uuid.UUID:
    """The exam whose code the link of a gathered notice bears: that of any of them, as their rows come."""
    with house.db.read() as session:
        own = (Notification.kind == "images_ready", Notification.carried_by_id.is_(None))
        return session.scalars(select(Notification.exam_id).where(*own)).one()


def test_exams_finished_together_are_one_notice_whose_link_opens_each_of_them(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", news_gather_min="5")
    app = create_app(house.settings, house)
    pressed(let_in(app, house, register(house)), house)
    agrees(house)
    exams = finished_together(house, "A1", "A2", "A3")
    [notice] = house.simulation.wechat.notices(OPENID)  # type: ignore[union-attr]
    assert [states(house, exam) for exam in exams] == [[("images_ready", "wechat", "accepted")]] * 3
    link = urlsplit(notice.url).path
    assert link.startswith("/s/")
    reader = app.test_client()
    assert reader.post(link, data={"factor": "9999"}).status_code == 403
    assert reader.post(link, data={"factor": "0027"}).headers["Location"] == "/exams"
    assert sorted(listed(reader)) == sorted(exam.hex for exam in exams)
    assert [reader.get(f"/exams/{exam.hex}").status_code for exam in exams] == [200] * 3
    sweep(house, seconds=5 * 3600)
    sweep(house, seconds=301)
    assert messages(house) == [], "each was looked at, so no text message follows"


def test_the_link_of_a_gathered_notice_opens_no_exam_that_was_revoked_or_went_to_another_patient(
    tmp_path: Path,
) -> None:
    house = services(tmp_path, wechat_notices="simulated", news_gather_min="5")
    app = create_app(house.settings, house)
    pressed(let_in(app, house, register(house)), house)
    agrees(house)
    accessions = dict(zip(finished_together(house, "A1", "A2", "A3", "A4"), ("A1", "A2", "A3", "A4"), strict=True))
    [notice] = house.simulation.wechat.notices(OPENID)  # type: ignore[union-attr]
    first = exam_of_the_link(house)
    revoked, moved, stays = accessions.keys() - {first}
    house.desk.exams.revoke(revoked, "lost", "staff:desk")
    register(house, accessions[moved], patient_id="P2", patient_id_number="120101197001020021", patient_name="王芳")
    reader = app.test_client()
    assert reader.post(urlsplit(notice.url).path, data={"factor": "0027"}).headers["Location"] == "/exams"
    assert sorted(listed(reader)) == sorted([first.hex, stays.hex])
    assert [reader.get(f"/exams/{exam.hex}").status_code for exam in (revoked, moved)] == [404, 404]


def test_no_more_exams_go_in_one_notice_than_its_link_can_open(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", news_gather_min="5")
    app = create_app(house.settings, house)
    pressed(let_in(app, house, register(house)), house)
    agrees(house)
    exams = finished_together(house, *(f"A{number}" for number in range(1, 12)))
    sweep(house, seconds=61)
    notices = house.simulation.wechat.notices(OPENID)  # type: ignore[union-attr]
    reader = app.test_client()
    opened = []
    for notice in notices:
        assert reader.post(urlsplit(notice.url).path, data={"factor": "0027"}).status_code == 303
        opened.append({one.strip() for one in listed(reader)})
    assert len(notices) == 2
    assert opened[0] | opened[1] == {exam.hex for exam in exams}


def test_who_only_asked_to_be_told_has_quiet_hours_and_a_limit_of_a_day_too(tmp_path: Path) -> None:
    limits = {"news_gather_min": "5", "news_hours": "8-21", "news_a_day": "1"}
    house = services(tmp_path, wechat_notices="simulated", **limits)
    app = create_app(house.settings, house)
    pressed(let_in(app, house, register(house)), house)
    agrees(house)
    clock_of(house).advance(12 * 3600 - 120)  # two minutes before the evening
    exams = finished_together(house, "A1", "A2")
    assert house.simulation.wechat is not None
    assert house.simulation.wechat.notices(OPENID) == []
    sweep(house, seconds=11 * 3600)
    assert len(house.simulation.wechat.notices(OPENID)) == 1, "in the morning, both in one"
    more = finished_together(house, "A3", "A4")
    assert len(house.simulation.wechat.notices(OPENID)) == 1
    assert [states(house, exam)[0][2] for exam in (*exams, *more)] == ["accepted"] * 2 + ["pending"] * 2


def test_notices_to_one_user_are_a_minute_apart_also_when_they_tell_of_two_patients(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated", news_gather_min="5")
    app = create_app(house.settings, house)
    other = {"patient_id": "P2", "patient_name": "王芳", "patient_id_number": None}
    for exam_id in (register(house), register(house, "A2", **other)):
        pressed(let_in(app, house, exam_id), house)
    agrees(house)
    mark_prepared(house)
    mark_prepared(house, "A2", PatientID="P2", PatientName="王芳")
    sweep(house)
    sweep(house, seconds=301)
    assert house.simulation.wechat is not None
    assert len(house.simulation.wechat.notices(OPENID)) == 1
    sweep(house, seconds=61)
    assert len(house.simulation.wechat.notices(OPENID)) == 2


def test_the_wish_is_of_who_looks_and_of_what_is_open(house: Services, app: Flask) -> None:
    mine, others = register(house), register(house, "A2", patient_id="P2", patient_phone="13900000002")
    pressed(let_in(app, house, mine), house)
    with house.db.read() as session:
        [row] = session.scalars(select(NoticeSubscription)).all()
    assert row.exam_id == mine != others
    clock_of(house).advance(31 * 24 * 3600)
    mark_prepared(house)
    sweep(house)
    assert [channel for _, channel, _ in states(house, mine)] == ["sms"], "a wish is good for thirty days"


def test_a_helper_is_told_nothing_in_the_patients_place(house: Services, app: Flask) -> None:
    """Notices tell of the patient's later exams too, and the newest wish is the one that counts."""
    exam_id = register(house)
    helper = app.test_client()
    code = helper_code(let_in(app, house, exam_id), exam_id.hex)
    assert helper.post("/h", data={"helper_code": code}).status_code == 303
    assert helper.get("/notify").status_code == 404
    assert helper.post("/notify", data={"csrf_token": form_token(helper, f"/exams/{exam_id.hex}")}).status_code == 404
    assert wishes(house) == 0


def test_a_person_wishes_for_the_own_exams_and_not_for_those_of_the_family(house: Services, app: Flask) -> None:
    mine = register(house)
    registered(house, "A2", MOTHER)
    client = daughter(app, house)
    added(client, house)
    pressed(client, house)
    with house.db.read() as session:
        assert session.scalars(select(NoticeSubscription.exam_id)).all() == [mine]


@pytest.mark.parametrize("way", ["the desk revokes", "another phone", "consent is withdrawn"])
def test_a_wish_ends_with_what_its_session_ends_with(house: Services, app: Flask, way: str) -> None:
    """Who got in by a photographed code or an old number must not be told of what comes later."""
    exam_id = issued(house).exam_id
    pressed(let_in(app, house, uuid.UUID(hex=exam_id)), house)
    assert wishes(house) == 1
    if way == "the desk revokes":
        house.desk.exams.revoke(uuid.UUID(hex=exam_id), "lost", "staff:desk")
    elif way == "another phone":
        issued(house, patient_phone="13900000009")
    else:
        patient_id = exam_of(house).patient_id
        house.consent.agree([patient_id], "test")
        house.consent.withdraw([patient_id], "test")
    assert wishes(house) == 0


def test_what_a_stranger_gave_ends_with_the_strangers_session(house: Services, app: Flask) -> None:
    """Who had the patient's former number may have shared the exam before it was corrected."""
    exam_id = issued(house).exam_id
    stranger = let_in(app, house, uuid.UUID(hex=exam_id))
    given = share(stranger, exam_id)
    visitor, base = guest(app, given)
    code = helper_code(stranger, exam_id)
    assert visitor.get(base).status_code == 200
    issued(house, patient_phone="13900000009")
    assert visitor.get(base).status_code == 404
    assert try_passcode(app, given.path, given.passcode).status_code == 403
    assert app.test_client().post("/h", data={"helper_code": code}).status_code == 403


def test_without_the_token_or_a_login_nothing_is_wanted(house: Services, app: Flask) -> None:
    client = let_in(app, house, register(house))
    assert client.post("/notify", data={"csrf_token": "x"}).status_code == 400
    assert app.test_client().get("/notify").status_code == 404
    pressed(client, house)
    assert wishes(house) == 1
    assert client.post("/notify").status_code == 400
    assert wishes(house) == 1


@pytest.mark.parametrize("folded", [True, False])
def test_who_refuses_in_wechats_window_is_forgotten_however_the_answer_is_folded(
    house: Services, app: Flask, folded: bool
) -> None:
    pressed(let_in(app, house, register(house)), house)
    assert wishes(house) == 1
    answers = "<List><TemplateId>{}</TemplateId><SubscribeStatusString>{}</SubscribeStatusString></List>"
    other, ours = answers.format("other", "accept"), answers.format(SUBSCRIPTION_ID, "reject")
    push = read_push(f"<SubscribeMsgPopupEvent>{ours if folded else other + ours}</SubscribeMsgPopupEvent>")
    house.wechat.subscriptions.answered(push.openid, push.answers)
    assert wishes(house) == 0


def test_what_became_of_a_subscription_notice_is_read() -> None:
    sent = "<List><MsgID>7</MsgID><ErrorCode>{}</ErrorCode><ErrorStatus>{}</ErrorStatus></List>"
    event = "subscribe_msg_sent_event"
    for code, status, delivered in (("0", "success", True), ("1003", "user block", False)):
        push = read_push(f"<SubscribeMsgSentEvent>{sent.format(code, status)}</SubscribeMsgSentEvent>", event)
        [job] = push.jobs
        assert (job.msgid, job.openid, job.delivered) == ("7", OPENID, delivered)


@pytest.mark.parametrize(("number", "read"), [("7", "7"), ("seven", "seven"), ("", "")])
def test_whatever_stands_for_the_number_of_a_notice_is_read(number: str, read: str) -> None:
    push = read_push(f"<MsgID>{number}</MsgID><Status>success</Status>", "TEMPLATESENDJOBFINISH")
    assert [(job.msgid, job.status) for job in push.jobs] == [(read, "success")]


def read_push(inner: str, event: str = "subscribe_msg_popup_event") -> Push:
    """As WeChat pushes it in plain mode."""
    xml = (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{OPENID}</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType>event</MsgType><Event>{event}</Event>{inner}</xml>"
    )
    now = datetime.now(UTC)
    query = {"timestamp": str(int(now.timestamp())), "nonce": "1"}
    query["signature"] = signature("token", query["timestamp"], query["nonce"])
    return Endpoint(Mode.PLAIN, "wx1", "token").read(query, "", {}, xml.encode(), now)
