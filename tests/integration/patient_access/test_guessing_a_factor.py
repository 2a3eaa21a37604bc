"""Guesses at a second factor pause and end, and the owner still gets in: the attacks of the design's rule 3."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import OneTimeCode
from tests.factories.access import WRONG, Issued, application, opened
from tests.factories.house import clock_of, services
from tests.factories.telling import sweep


def test_five_wrong_in_a_row_pause_the_code_and_then_even_the_right_one_waits(
    house: Services, app: Flask, exam: Issued
) -> None:
    client = app.test_client()
    assert [client.post(f"/q/{exam.qr}", data=WRONG).status_code for _ in range(7)] == [403] * 5 + [429] * 2
    paused = client.post(f"/q/{exam.qr}", data={"factor": exam.factor})
    assert paused.status_code == 429
    assert 0 < int(paused.headers["Retry-After"]) <= 900
    clock_of(house).advance(901)
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_an_unknown_code_is_paused_alike(app: Flask) -> None:
    client = app.test_client()
    assert [client.post("/q/" + "B" * 26, data=WRONG).status_code for _ in range(6)] == [403] * 5 + [429]


def test_fifty_parallel_guesses_get_no_more_than_five_comparisons(app: Flask, exam: Issued) -> None:
    answers: list[int] = []
    start = threading.Barrier(50)

    def guess(number: int) -> None:
        start.wait()
        answers.append(app.test_client().post(f"/q/{exam.qr}", data={"factor": f"{number:04d}"}).status_code)

    threads = [threading.Thread(target=guess, args=(number + 9000,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [403] * 5 + [429] * 45


def test_a_restart_resets_nothing(house: Services, app: Flask, exam: Issued) -> None:
    for _ in range(5):
        app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    house.db.dispose()
    again = services(house.settings.var_dir)
    assert application(again).test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429


def test_the_clock_set_back_neither_lifts_a_pause_nor_makes_it_endless(
    house: Services, app: Flask, exam: Issued
) -> None:
    for _ in range(5):
        app.test_client().post(f"/q/{exam.qr}", data=WRONG)
    clock_of(house).advance(-30 * 86400)
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 429
    clock_of(house).advance(901)
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def burn(house: Services, app: Flask, exam: Issued) -> None:
    """A stranger with a photographed QR tries ten times."""
    for _ in range(2):
        for _ in range(5):
            app.test_client().post(f"/q/{exam.qr}", data=WRONG, environ_base={"REMOTE_ADDR": "203.0.113.9"})
        clock_of(house).advance(901)


def newest_code(house: Services) -> str:
    house.worker.run_sweeps()  # the worker answers requests
    with house.db.read() as session:
        row = session.scalars(select(OneTimeCode).order_by(OneTimeCode.created_at.desc())).first()
        assert row is not None
    return house.patient_access.verification.codes.one_time_code(row.id.bytes)


def test_a_stranger_burns_a_photographed_qr_and_the_patient_still_gets_in(
    house: Services, app: Flask, exam: Issued
) -> None:
    at_home = opened(app, exam)
    burn(house, app, exam)
    for factor in (exam.factor, "9999"):
        answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": factor})
        assert answer.status_code == 429
        assert "send_code" in answer.text
    # the phone that opened it before
    assert at_home.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    # a new phone, by the code sent to the number on file
    new_phone = app.test_client()
    assert new_phone.post(f"/q/{exam.qr}", data={"action": "send_code"}).status_code == 200
    code = newest_code(house)
    assert new_phone.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 303
    # which also gave the knowledge factor back, and worked once
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    assert app.test_client().post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


def test_one_time_codes_are_three_a_day_and_tried_five_times(house: Services, app: Flask, exam: Issued) -> None:
    client = app.test_client()
    pages = {client.post(f"/q/{exam.qr}", data={"action": "send_code"}).data for _ in range(5)}
    pages.add(client.post("/q/" + "C" * 26, data={"action": "send_code"}).data)
    assert len(pages) == 1
    sweep(house)
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 3
    for _ in range(5):
        assert client.post(f"/q/{exam.qr}", data={"one_time_code": "000000"}).status_code == 403
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": newest_code(house)}).status_code == 403


def test_thirty_failures_from_an_address_ask_it_to_step_up_but_close_no_door(
    house: Services, app: Flask, exam: Issued
) -> None:
    hostile = {"REMOTE_ADDR": "2001:db8::1"}
    for number in range(30):
        code = "D" * 24 + chr(65 + number % 26) + chr(65 + number // 26)
        assert app.test_client().post(f"/q/{code}", data=WRONG, environ_base=hostile).status_code == 403
    neighbour = {"REMOTE_ADDR": "2001:db8::ffff"}
    answer = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, environ_base=neighbour)
    assert answer.status_code == 429
    app.test_client().post(f"/q/{exam.qr}", data={"action": "send_code"}, environ_base=neighbour)
    stepped = {"one_time_code": newest_code(house)}
    assert app.test_client().post(f"/q/{exam.qr}", data=stepped, environ_base=neighbour).status_code == 303
    elsewhere = {"REMOTE_ADDR": "2001:db9::1"}
    assert (
        app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, environ_base=elsewhere).status_code == 303
    )
