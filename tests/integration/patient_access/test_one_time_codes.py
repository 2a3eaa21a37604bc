"""The step up: a one-time code to the phone on file opens where the last four of the ID number do not count."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from app.bootstrap import Services
from app.models import Job, OneTimeCode
from app.repos.patient_access import one_time_codes
from app.services.patient_access.attempts import REQUESTS_A_FAILURE
from app.services.patient_access.one_time_codes import ONE_TIME_REQUEST
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import clock_of, services
from tests.factories.telling import messages, sweep

WRONG = {"factor": "9999"}
UNKNOWN_QR, UNKNOWN_PICKUP = "C" * 26, "CCCCCC"


def newest_code(house: Services) -> str:
    sweep(house)  # the worker answers what was asked for
    with house.db.read() as session:
        row = session.scalars(select(OneTimeCode).order_by(OneTimeCode.created_at.desc())).first()
        assert row is not None
    return house.patient_access.verification.codes.one_time_code(row.id.bytes)


def paused(client: FlaskClient, address: str, **fields: str) -> str:
    """Five wrong tries and one more; the page that then says so."""
    answers = [client.post(address, data=WRONG | fields) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    return answers[-1].text


def test_the_paused_page_offers_the_code_before_the_waiting_and_it_opens_at_once(
    house: Services, app: Flask, exam: Issued
) -> None:
    client = app.test_client()
    page = paused(client, f"/q/{exam.qr}")
    assert page.index('value="send_code"') < page.index("分钟后")
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    code = newest_code(house)
    assert code in messages(house)[-1].text
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 303
    # and the pause is over
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_the_paused_page_carries_phone_and_pick_up_code(house: Services, app: Flask, exam: Issued) -> None:
    client = app.test_client()
    page = paused(client, "/s", phone=exam.phone, pickup_code=exam.pickup)
    assert f'name="phone" value="{exam.phone}"' in page
    assert f'name="pickup_code" value="{exam.pickup}"' in page
    carried = {"phone": exam.phone, "pickup_code": exam.pickup}
    assert client.post("/s", data=carried | {"action": "send_code"}).status_code == 200
    assert client.post("/s", data=carried | {"one_time_code": newest_code(house)}).status_code == 303


def test_an_unknown_code_is_paused_on_the_same_page(app: Flask, exam: Issued) -> None:
    assert paused(app.test_client(), f"/q/{exam.qr}") == paused(app.test_client(), f"/q/{UNKNOWN_QR}")


def test_it_opens_for_a_patient_without_id_number_and_while_the_knowledge_factor_is_off(
    house: Services, app: Flask
) -> None:
    exam, client = issued(house, "A7", patient_id_number=None), app.test_client()
    for _ in range(2):
        for _ in range(5):
            assert client.post(f"/q/{exam.qr}", data=WRONG).status_code == 403
        clock_of(house).advance(901)
    page = client.post(f"/q/{exam.qr}", data=WRONG)
    assert page.status_code == 429
    assert "现在需要短信验证码" in page.text
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": newest_code(house)}).status_code == 303


def test_it_ends_the_pause_of_the_owners_own_device_too(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    paused(client, f"/q/{exam.qr}")
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": newest_code(house)}).status_code == 303
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_it_counts_only_with_the_code_it_was_asked_for_with(house: Services, app: Flask, exam: Issued) -> None:
    owner, stranger = app.test_client(), app.test_client()
    carried = {"phone": exam.phone, "pickup_code": exam.pickup}
    owner.post("/s", data=carried | {"action": "send_code"})
    code = newest_code(house)
    assert stranger.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403
    # nor can who photographed the QR use up its tries
    for _ in range(6):
        assert stranger.post(f"/q/{exam.qr}", data={"one_time_code": "000000"}).status_code == 403
    other = carried | {"phone": "13900000002", "one_time_code": code}
    assert owner.post("/s", data=other).status_code == 403
    assert owner.post("/s", data=carried | {"one_time_code": code}).status_code == 303


def test_it_lives_for_ten_minutes(house: Services, app: Flask, exam: Issued) -> None:
    client = app.test_client()
    for seconds, status in ((601, 403), (599, 303)):
        client.post(f"/q/{exam.qr}", data={"action": "send_code"})
        code = newest_code(house)
        clock_of(house).advance(seconds)
        assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == status


def test_a_fourth_one_is_sent_on_the_next_day(house: Services, app: Flask, exam: Issued) -> None:
    client = app.test_client()
    for hours, expected in ((0, 3), (23, 3), (25, 6)):
        clock_of(house).advance(hours * 3600)
        for _ in range(5):
            client.post(f"/q/{exam.qr}", data={"action": "send_code"})
        sweep(house)
        with house.db.read() as session:
            assert session.scalar(select(func.count()).select_from(OneTimeCode)) == expected


def test_asking_for_one_says_and_costs_the_same_for_every_code(house: Services, app: Flask, exam: Issued) -> None:
    no_phone = issued(house, "A5", patient_id="P5", patient_phone=None)
    statements: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2].split()[0]))
    answers, writes = set(), {}
    for name, code in {"live": exam.qr, "unknown": UNKNOWN_QR, "malformed": "x", "no phone": no_phone.qr}.items():
        statements.clear()
        answer = app.test_client().post(f"/q/{code}", data={"action": "send_code"})
        answers.add((answer.status_code, answer.data, tuple(sorted(answer.headers.items()))))
        writes[name] = sum(statement in ("INSERT", "UPDATE") for statement in statements)
    assert len(answers) == 1
    assert len(set(writes.values())) == 1, writes


@pytest.mark.parametrize("code", ["live", "unknown"])
def test_who_has_a_code_already_types_it_without_a_message_being_sent(
    house: Services, app: Flask, exam: Issued, code: str
) -> None:
    client, address = app.test_client(), f"/q/{exam.qr if code == 'live' else UNKNOWN_QR}"
    page = client.post(address, data={"factor": "", "action": "have_code"})
    assert page.status_code == 200
    assert 'name="one_time_code"' in page.text
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0


@pytest.mark.parametrize("action", ["send_code", "have_code"])
def test_a_missing_phone_or_pick_up_code_is_asked_for_first_whatever_exists(
    house: Services, app: Flask, exam: Issued, action: str
) -> None:
    client = app.test_client()
    for form, words in (
        ({"phone": "", "pickup_code": exam.pickup}, "请先填好手机号。"),
        ({"phone": exam.phone, "pickup_code": ""}, "请先填好取片码。"),
        ({"phone": "139", "pickup_code": " "}, "请先填好手机号和取片码。"),
    ):
        page = client.post("/s", data=form | {"action": action})
        assert page.status_code == 200
        assert words in page.text
    pages = {
        client.post(f"/s/{code}", data={"phone": "", "action": action}).data for code in (exam.pickup, UNKNOWN_PICKUP)
    }
    assert len(pages) == 1
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0


def test_a_wrong_one_is_refused_on_the_page_of_all_failures(app: Flask, exam: Issued) -> None:
    client = app.test_client()
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    refused = {
        client.post(f"/q/{code}", data=data).data
        for code in (exam.qr, UNKNOWN_QR)
        for data in ({"one_time_code": "000000"}, {"one_time_code": ""}, WRONG)
    }
    assert len(refused) == 1


def sent_code(house: Services) -> str:
    """The one the phone got last; the desk's may be as new."""
    sweep(house)
    return messages(house)[-1].text.partition("验证码是")[2][:6]


def desk_code(house: Services, exam: Issued) -> str:
    return house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "填错次数过多", "staff:desk")


def statuses(app: Flask, exam: Issued, codes: Iterable[str], source: str = "203.0.113.9") -> list[int]:
    return [
        app.test_client()
        .post(f"/q/{exam.qr}", data={"one_time_code": code}, environ_base={"REMOTE_ADDR": source})
        .status_code
        for code in codes
    ]


@pytest.mark.parametrize("desk_first", [True, False])
@pytest.mark.parametrize("typed", [0, 1])
def test_the_desks_and_the_phones_code_live_side_by_side_until_one_of_them_opened(
    house: Services, app: Flask, exam: Issued, desk_first: bool, typed: int
) -> None:
    told = [desk_code(house, exam)] if desk_first else []
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"})
    told.append(sent_code(house))
    if not desk_first:
        told.append(desk_code(house, exam))
    assert statuses(app, exam, [told[typed], *told]) == [303, 403, 403]


def phone_code(house: Services, app: Flask, exam: Issued) -> str:
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"})
    return sent_code(house)


def test_a_wrong_try_counts_on_every_code_that_lives(house: Services, app: Flask, exam: Issued) -> None:
    first = phone_code(house, app, exam)
    assert statuses(app, exam, ["000000"] * 3) == [403] * 3
    second = phone_code(house, app, exam)
    assert statuses(app, exam, ["000000"] * 2) == [403] * 2
    assert statuses(app, exam, [first, second]) == [403, 303]


def test_a_code_sent_after_all_tries_were_used_up_is_a_new_one(house: Services, app: Flask, exam: Issued) -> None:
    phone_code(house, app, exam)
    assert statuses(app, exam, ["000000"] * 5) == [403] * 5
    fresh = phone_code(house, app, exam)
    assert statuses(app, exam, ["000000"] * 4 + [fresh]) == [403] * 4 + [303]


def test_parallel_guesses_at_two_live_codes_are_compared_five_times_in_all(
    house: Services, app: Flask, exam: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone_code(house, app, exam)
    phone_code(house, app, exam)
    compared: list[int] = []
    claim = one_time_codes.claim
    monkeypatch.setattr(one_time_codes, "claim", lambda *args: compared.append(len(found := claim(*args))) or found)
    with ThreadPoolExecutor(12) as guessers:
        list(guessers.map(lambda _: statuses(app, exam, ["000000"]), range(12)))
    assert sorted(compared) == [0] * 7 + [2] * 5


def test_guesses_that_end_the_phones_code_leave_the_desks_alone(house: Services, app: Flask, exam: Issued) -> None:
    told = phone_code(house, app, exam)
    read_out = desk_code(house, exam)
    assert statuses(app, exam, ["000000"] * 5) == [403] * 5
    assert statuses(app, exam, [told, read_out]) == [403, 303]


def test_codes_of_the_desk_use_up_none_of_the_three_that_are_sent_a_day(
    house: Services, app: Flask, exam: Issued
) -> None:
    for _ in range(4):
        desk_code(house, exam)
    for sent in (1, 2, 3, 3):
        app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"})
        sweep(house)
        assert len(messages(house)) == sent


def test_wrong_ones_from_many_addresses_do_not_shut_the_owner_out_of_his_other_exams(
    house: Services, app: Flask, exam: Issued
) -> None:
    other = issued(house, "A2")
    for number in range(21):
        assert statuses(app, exam, ["000000"], f"10.0.0.{number}") == [403]
    owner = app.test_client().post(f"/q/{other.qr}", data={"factor": other.factor})
    assert owner.status_code == 303


def test_wrong_ones_are_failures_of_their_address(house: Services, app: Flask, exam: Issued) -> None:
    statuses(app, exam, ["000000"] * 30)
    here = {"REMOTE_ADDR": "203.0.113.9"}
    right = {"factor": exam.factor}
    assert app.test_client().post(f"/q/{exam.qr}", data=right, environ_base=here).status_code == 429
    assert app.test_client().post(f"/q/{exam.qr}", data=right).status_code == 303


def requests_of(house: Services) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(Job).where(Job.kind == ONE_TIME_REQUEST)) or 0


def asked(app: Flask, code: str, source: str, times: int = 1) -> TestResponse:
    here = {"REMOTE_ADDR": source}
    return [
        app.test_client().post(f"/q/{code}", data={"action": "send_code"}, environ_base=here) for _ in range(times)
    ][-1]


def test_an_address_asks_for_so_many_an_hour_whatever_exists_and_other_addresses_go_on(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="1")
    app, exam = application(house), issued(house)
    asked(app, UNKNOWN_QR, "203.0.113.9", REQUESTS_A_FAILURE)
    assert requests_of(house) == REQUESTS_A_FAILURE
    clock_of(house).advance(60)
    refused = [asked(app, code, "203.0.113.9") for code in (exam.qr, UNKNOWN_QR, "x")]
    assert {(page.status_code, page.data, page.headers["Retry-After"]) for page in refused} == {
        (429, refused[0].data, "3540")
    }
    assert "59</b> 分钟" in refused[0].text
    assert 'name="one_time_code"' in refused[0].text
    assert requests_of(house) == REQUESTS_A_FAILURE
    assert asked(app, exam.qr, "203.0.113.10").status_code == 200
    clock_of(house).advance(3540)
    assert asked(app, exam.qr, "203.0.113.9").status_code == 200


def test_asking_is_no_failure_and_shared_networks_may_always(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="1", shared_addresses="10.0.0.0/8")
    app, exam = application(house), issued(house)
    assert asked(app, UNKNOWN_QR, "10.0.0.1", REQUESTS_A_FAILURE * 3).status_code == 200
    assert asked(app, UNKNOWN_QR, "203.0.113.9", REQUESTS_A_FAILURE + 1).status_code == 429
    right = {"factor": exam.factor}
    assert (
        app.test_client().post(f"/q/{exam.qr}", data=right, environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code
        == 303
    )
