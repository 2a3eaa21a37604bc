"""What a stranger with a code or a phone number learns and breaks: nothing; the owner gets in."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import AuditEvent, KnownDevice
from tests.factories.access import WRONG, issued, opened, pick_up, post, statuses
from tests.factories.house import clock_of
from tests.factories.telling import messages, newest_text_code, sweep


def test_guessing_pick_up_codes_of_a_phone_never_tells_a_live_one_from_a_dead_one(house: Services, app: Flask) -> None:
    exam = issued(house)
    for number in range(20):
        assert post(app, "/s", pick_up(f"AAAA{number // 10 + 2}{number % 10 + 2}")).status_code == 403
    answers = [post(app, f"/s/{code}", {"phone": exam.phone, **WRONG}) for code in (exam.pickup, "ZZZZZZ")]
    assert {(answer.status_code, answer.data, tuple(answer.headers.items())) for answer in answers} == {
        (429, answers[0].data, tuple(answers[0].headers.items()))
    }


def test_a_pause_and_the_end_of_knowledge_look_alike_for_live_and_dead_codes(house: Services, app: Flask) -> None:
    exam = issued(house)
    addresses = [f"/q/{exam.qr}", "/q/" + "A" * 26, "/q/nothing-of-ours"]
    for expected in ("Retry-After", "send_code"):
        for address in addresses:
            assert statuses(app, address, WRONG, 5, f"10.0.{len(address)}.1") == [403] * 5
        if expected == "send_code":
            clock_of(house).advance(901)
        answers = {
            (answer.status_code, answer.data, tuple(answer.headers.items()))
            for answer in (post(app, address, WRONG, "10.1.0.1") for address in addresses)
        }
        assert len(answers) == 1
        ((status, page, headers),) = answers
        assert status == 429
        assert expected in page.decode() or expected in dict(headers)
        clock_of(house).advance(901)


def test_mistyped_phone_numbers_of_many_are_nobodys_failures(app: Flask) -> None:
    answers = [
        post(
            app, "/s", pick_up(f"AAAA{number // 10 + 2}{number % 8 + 2}", phone="1390000"), f"10.0.0.{number}"
        ).status_code
        for number in range(25)
    ]
    assert answers == [403] * 25


def test_the_owner_of_a_guessed_phone_steps_up_and_is_let_in(house: Services, app: Flask) -> None:
    exam = issued(house)
    for number in range(20):
        post(app, "/s", pick_up(f"AAAA{number // 10 + 2}{number % 10 + 2}"))
    mine = pick_up(exam.pickup, factor=exam.factor)
    assert statuses(app, "/s", mine, 1, "10.0.0.1") == [429]
    post(app, "/s", pick_up(exam.pickup, action="send_code"), "10.0.0.1")
    code = newest_text_code(house)
    assert statuses(app, "/s", pick_up(exam.pickup, one_time_code=code), 1, "10.0.0.1") == [303]
    assert statuses(app, "/s", mine, 1, "10.0.0.2") == [303]


def test_a_step_up_forgets_what_strangers_did_to_all_codes_of_the_patient(house: Services, app: Flask) -> None:
    first, second, third = (issued(house, f"A{number}") for number in range(3))
    for exam in (first, second):
        for _ in range(2):
            assert statuses(app, f"/q/{exam.qr}", WRONG, 5) == [403] * 5
            clock_of(house).advance(901)
    assert statuses(app, f"/q/{third.qr}", {"factor": third.factor}, 1, "10.0.0.1") == [429]
    post(app, f"/q/{third.qr}", {"action": "send_code"})
    assert statuses(app, f"/q/{third.qr}", {"one_time_code": newest_text_code(house)}, 1) == [303]
    assert statuses(app, f"/q/{third.qr}", {"factor": third.factor}, 1, "10.0.0.1") == [303]


def test_a_known_device_that_used_up_its_own_tries_gets_them_back_by_stepping_up(house: Services, app: Flask) -> None:
    exam = issued(house)
    phone = opened(app, exam)
    for _ in range(2):
        assert [phone.post(f"/q/{exam.qr}", data=WRONG).status_code for _ in range(5)] == [403] * 5
        clock_of(house).advance(901)
    assert phone.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429
    phone.post(f"/q/{exam.qr}", data={"action": "send_code"})
    assert phone.post(f"/q/{exam.qr}", data={"one_time_code": newest_text_code(house)}).status_code == 303
    assert phone.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_a_phone_that_opened_two_exams_stays_known_to_both(house: Services, app: Flask) -> None:
    first, second = issued(house, "A1"), issued(house, "A2")
    phone = opened(app, first)
    assert phone.post(f"/q/{second.qr}", data={"factor": second.factor}).status_code == 303
    assert phone.post(f"/q/{second.qr}", data={"factor": second.factor}).status_code == 303
    for exam in (first, second):
        statuses(app, f"/q/{exam.qr}", WRONG, 5)
        assert phone.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(KnownDevice)) == 2


def test_a_known_device_is_let_in_from_an_address_and_for_a_patient_that_strangers_used_up(
    house: Services, app: Flask
) -> None:
    exam = issued(house)
    phone, cafe = opened(app, exam), {"REMOTE_ADDR": "203.0.113.9"}
    for number in range(30):
        post(app, f"/q/{'BCDEFGHIJK'[number % 10] * 20}{'LMN'[number // 10] * 6}", WRONG)
    right = {"factor": exam.factor}
    assert statuses(app, f"/q/{exam.qr}", right, 1) == [429]
    assert phone.post(f"/q/{exam.qr}", data=right, environ_base=cafe).status_code == 303


def test_a_device_cookie_that_we_never_gave_is_not_taken_over(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = app.test_client()
    client.set_cookie("cf-device", "planted")
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    cookie = client.get_cookie("cf-device")
    assert cookie is not None
    assert cookie.value != "planted"


def test_who_knows_one_exam_forgives_nothing_of_another_patient_or_of_his_address(house: Services, app: Flask) -> None:
    own = issued(house, "A1", patient_id="P8", patient_name="赵六", patient_phone="13900000008")
    victim = issued(house, "A2")
    assert statuses(app, f"/q/{victim.qr}", WRONG, 4) == [403] * 4
    for number in range(25):
        assert statuses(app, "/q/" + "E" * 25 + chr(65 + number), WRONG, 1) == [403]
    assert statuses(app, f"/q/{own.qr}", {"factor": own.factor}, 1) == [303]
    post(app, f"/q/{own.qr}", {"action": "send_code"})
    sweep(house)
    code = messages(house, "+8613900000008")[-1].text.partition("验证码是")[2][:6]
    assert statuses(app, f"/q/{own.qr}", {"one_time_code": code}, 1) == [303]
    assert statuses(app, f"/q/{victim.qr}", WRONG, 2) == [403, 429]
    assert "send_code" in post(app, "/q/" + "F" * 26, WRONG).text  # thirty failures of this address
    assert "Retry-After" in post(app, f"/q/{victim.qr}", WRONG, "198.51.100.1").headers  # five in a row of this code


def test_turning_the_knowledge_factor_off_is_audited_once_also_for_a_code_of_nobody(
    house: Services, app: Flask
) -> None:
    exam = issued(house)
    for code in (exam.qr, "G" * 26):
        for _ in range(2):
            statuses(app, f"/q/{code}", WRONG, 7)
            clock_of(house).advance(901)
    with house.db.read() as session:
        query = select(AuditEvent.subject).where(AuditEvent.action == "access.knowledge_factor_off")
        ours, nobodys = session.scalars(query).all()
    assert ours == f"exam:{exam.exam_id}"
    assert re.fullmatch("code:[0-9a-f]{32}", nobodys)  # a keyed hash: as long, and no code
