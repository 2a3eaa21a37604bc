"""What a stranger with one code, one phone number or many addresses learns and breaks: nothing; the owner gets in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, Job, KnownDevice, OneTimeCode
from app.repos import exams as exam_repo
from app.services.verification import ONE_TIME_REQUEST
from tests.factories.access import application, issued, opened
from tests.factories.house import clock_of, services
from tests.factories.telling import messages, sweep

WRONG = {"factor": "9999"}


def post(app: Flask, address: str, form: dict[str, str], source: str = "203.0.113.9") -> Any:
    return app.test_client().post(address, data=form, environ_base={"REMOTE_ADDR": source})


def statuses(app: Flask, address: str, form: dict[str, str], times: int, source: str = "203.0.113.9") -> list[int]:
    return [post(app, address, form, source).status_code for _ in range(times)]


def newest_text_code(house: Services) -> str:
    """The one-time code the phone got last."""
    sweep(house)
    return messages(house)[-1].text.partition("验证码是")[2][:6]


def pick_up(code: str, phone: str = "13900000001", **more: str) -> dict[str, str]:
    return {"phone": phone, "pickup_code": code, "factor": "9999", **more}


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


def test_asking_for_a_one_time_code_costs_the_same_for_every_code(house: Services, app: Flask) -> None:
    live, bare = issued(house, "A1"), issued(house, "A2", patient_phone=None, patient_id="P2")
    revoked = issued(house, "A3")
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A3")
        assert row is not None
        house.access_codes.revoke_all(session, row, "staff:a", "lost")
    asked = {"action": "send_code"}
    used_up = issued(house, "A4", patient_id="P4")
    for _ in range(3):
        post(app, f"/q/{used_up.qr}", asked)
        sweep(house)
    statements: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    answers, costs = set(), set()
    for code in (live.qr, bare.qr, revoked.qr, used_up.qr, "A" * 26, "nothing-of-ours"):
        statements.clear()
        answer = post(app, f"/q/{code}", asked)
        answers.add((answer.status_code, answer.data, tuple(answer.headers.items())))
        costs.add(tuple(statements))
    for code in (live.pickup, "ZZZZZZ"):
        answer = post(app, "/s", pick_up(code, action="send_code"))
        assert answer.status_code == 200
    assert len(answers) == 1
    assert len(costs) == 1


def test_a_request_that_a_worker_answers_twice_sends_one_code(house: Services, app: Flask) -> None:
    exam = issued(house)
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    with house.db.read() as session:
        key = session.scalars(select(Job.key).where(Job.kind == ONE_TIME_REQUEST)).one()
    house.verification.answer_request(key)
    sweep(house)
    assert len(messages(house)) == 1
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 1


def test_a_request_nobody_answered_for_ten_minutes_is_dropped(house: Services, app: Flask) -> None:
    exam = issued(house)
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    sweep(house, seconds=601)
    assert messages(house) == []


def test_a_request_does_not_stand_behind_a_large_study(house: Services, app: Flask) -> None:
    exam = issued(house)
    with house.db.session() as session:
        house.worker.work.queue.enqueue(session, "prepare_study", "0" * 32 + ":1")
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    assert house.worker.run_sweeps()
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 1


@pytest.mark.parametrize(
    ("hostile", "neighbour", "shared_fate"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("not an address", "", True),
    ],
)
def test_an_address_is_a_64_of_ipv6_or_one_ipv4_however_it_is_written(
    tmp_path: Path, hostile: str, neighbour: str, shared_fate: bool
) -> None:
    house = services(tmp_path, address_failures_per_hour="3")
    app, exam = application(house), issued(house)
    for letter in "BCD":
        assert statuses(app, "/q/" + letter * 26, WRONG, 1, hostile) == [403]
    expected = 429 if shared_fate else 303
    assert statuses(app, f"/q/{exam.qr}", {"factor": exam.factor}, 1, neighbour) == [expected]


@pytest.mark.parametrize(("hops", "expected"), [("0", 429), ("1", 303)])
def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(tmp_path: Path, hops: str, expected: int) -> None:
    house = services(tmp_path, address_failures_per_hour="3", trusted_proxies=hops)
    app, exam = application(house), issued(house)

    def through_proxy(address: str, form: dict[str, str], caller: str) -> int:
        forged = {"X-Forwarded-For": f"198.51.100.7, {caller}"}
        return app.test_client().post(
            address, data=form, headers=forged, environ_base={"REMOTE_ADDR": "10.0.0.1"}
        ).status_code  # fmt: skip

    for letter in "BCD":
        assert through_proxy("/q/" + letter * 26, WRONG, "203.0.113.1") == 403
    assert through_proxy(f"/q/{exam.qr}", {"factor": exam.factor}, "203.0.113.2") == expected
    if hops == "1":  # what the caller wrote in front of the proxy's own word changes nothing
        assert through_proxy(f"/q/{exam.qr}", WRONG, "203.0.113.1") == 429


def test_networks_that_many_patients_share_are_never_counted(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="3", shared_addresses="198.51.100.0/24")
    app, exam = application(house), issued(house)
    for letter in "BCDEFG":
        assert statuses(app, "/q/" + letter * 26, WRONG, 1, "198.51.100.7") == [403]
    assert statuses(app, f"/q/{exam.qr}", {"factor": exam.factor}, 1, "198.51.100.7") == [303]


def test_an_exhausted_address_fills_no_table(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="3")
    app = application(house)
    for number in range(20):
        post(app, f"/q/{number:026d}", WRONG)
    with house.db.read() as session:
        counted = select(func.count()).select_from(AccessAttempts).where(AccessAttempts.scope == "code")
        assert session.scalar(counted) == 3


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
        assert list(session.scalars(query)) == [f"exam:{exam.exam_id}", "code:unknown"]


@pytest.mark.parametrize("step_up", [False, True])
def test_a_revocation_between_comparing_and_opening_wins(
    house: Services, monkeypatch: pytest.MonkeyPatch, step_up: bool
) -> None:
    app, exam = application(house), issued(house)
    form = {"factor": exam.factor}
    if step_up:
        post(app, f"/q/{exam.qr}", {"action": "send_code"})
        form = {"one_time_code": newest_text_code(house)}
    module = "app.services.verification.hmac.compare_digest"

    def revoke_meanwhile(one: bytes, other: bytes) -> bool:
        monkeypatch.undo()
        with house.db.session() as session:
            row = exam_repo.exam_by_accession(session, "A1")
            assert row is not None
            house.access_codes.revoke_all(session, row, "staff:a", "lost")
        return one == other

    monkeypatch.setattr(module, revoke_meanwhile)
    assert statuses(app, f"/q/{exam.qr}", form, 1) == [403]


def test_revoking_ends_one_time_codes_that_are_on_their_way_and_forgets_devices(house: Services, app: Flask) -> None:
    exam = issued(house)
    phone = opened(app, exam)
    phone.post(f"/q/{exam.qr}", data={"action": "send_code"})
    code = newest_text_code(house)
    with house.db.session() as session:
        row = exam_repo.exam_by_accession(session, "A1")
        assert row is not None
        house.access_codes.revoke_all(session, row, "staff:a", "lost")
    again = issued(house)
    assert phone.post(f"/q/{again.qr}", data={"one_time_code": code}).status_code == 403
    statuses(app, f"/q/{again.qr}", WRONG, 5)
    assert phone.post(f"/q/{again.qr}", data={"factor": again.factor}).status_code == 429


@pytest.mark.parametrize(
    ("number", "typed"),
    [("A123456(7)", "4567"), ("A123456(7)", "456(7)"), ("E12345678", "5678"), ("e1234567c", "567C"),
     ("11010519491231002X", "００２ｘ"), ("120101196001020027", " 00 27 ")],
)  # fmt: skip
def test_the_last_four_of_every_document_can_be_typed(house: Services, app: Flask, number: str, typed: str) -> None:
    exam = issued(house, "A5", patient_id="P5", patient_id_number=number)
    assert statuses(app, f"/q/{exam.qr}", {"factor": typed}, 1) == [303]


@pytest.mark.parametrize("typed", ["", "567", "34567", "A123456(7)", "６７", "6(7)", "1960"])
def test_other_parts_of_a_document_open_nothing(house: Services, app: Flask, typed: str) -> None:
    exam = issued(house, "A5", patient_id="P5", patient_id_number="A123456(7)")
    assert statuses(app, f"/q/{exam.qr}", {"factor": typed}, 1) == [403]


def test_a_patient_without_id_number_opens_by_no_factor_but_by_a_one_time_code(house: Services, app: Flask) -> None:
    exam = issued(house, patient_id_number=None)
    for factor in ("", "None", "0000", exam.factor):
        assert statuses(app, f"/q/{exam.qr}", {"factor": factor}, 1) == [403]
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    assert statuses(app, f"/q/{exam.qr}", {"one_time_code": newest_text_code(house)}, 1) == [303]
