"""Attacks on `/g` and `/d`: each fails, closes the door to nobody else, and leaves its line in the audit log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AuditEvent, GuestSession, HandOver, WaitingPc
from app.services.audit.counted_refusals import EACH_OF_ADDRESS
from app.services.sharing.tries import HOSPITAL_FAILURES, SHARED_TIMES, STRICT_FAILURES
from tests.factories.access import application
from tests.factories.house import clock_of, services
from tests.factories.sharing import (
    digits,
    doctor,
    form_token,
    guest,
    output,
    patient,
    share,
    tap,
    try_passcode,
    type_digits,
    waiting_numbers,
)

NO_SHARE = "/g/" + "A" * 26


def wrong(passcode: str) -> str:
    return f"{(int(passcode) + 1) % 10**6:06d}"


def failures(house: Services) -> int:
    with house.db.read() as session:
        return (
            session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "access.failed"))
            or 0
        )


def rows(house: Services, table: type[GuestSession | WaitingPc | HandOver]) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def address(number: int) -> str:
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


# --- links and passcodes ---------------------------------------------------------------------------------------------


def test_a_link_without_its_passcode_opens_nothing_and_a_get_looks_nothing_up(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    pages = {app.test_client().get(path).data for path in (given.path, NO_SHARE, "/g/x")}
    assert len(pages) == 1
    assert executed == []
    assert try_passcode(app, given.path, "").status_code == 403


def test_five_wrong_passcodes_make_a_pause_and_ten_end_the_link_for_good(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    for number in range(5):
        assert try_passcode(app, given.path, wrong(given.passcode), address(number)).status_code == 403
    assert try_passcode(app, given.path, given.passcode).status_code == 429
    clock_of(house).advance(901)
    for number in range(5):
        assert try_passcode(app, given.path, wrong(given.passcode), address(number)).status_code == 403
    clock_of(house).advance(901)
    assert try_passcode(app, given.path, given.passcode).status_code == 429
    assert failures(house) == 10
    client, _ = patient(app, house)  # the session of before was idle too long
    again = share(client, exam_id)
    assert try_passcode(app, again.path, again.passcode).status_code == 303


def test_every_failure_is_answered_alike(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    revoked = share(client, exam_id)
    client.post(f"/shares/{revoked.id}/revoke", data={"csrf_token": form_token(client, f"/exams/{exam_id}/shares")})
    live = share(client, exam_id)
    told = set()
    for path, passcode in (
        (live.path, wrong(live.passcode)),
        (revoked.path, revoked.passcode),
        (NO_SHARE, live.passcode),
        ("/g/x", "x"),
    ):
        answers = [try_passcode(app, path, passcode, address(number)) for number in range(7)]
        told.add(
            tuple((answer.status_code, answer.data, tuple(name for name, _ in answer.headers)) for answer in answers)
        )
    assert len(told) == 1
    assert [status for status, _, _ in next(iter(told))] == [403] * 5 + [429] * 2


def test_links_that_exist_and_that_do_not_run_the_same_statements(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    found = []
    for path in (given.path, NO_SHARE):
        executed.clear()
        try_passcode(app, path, wrong(given.passcode), address(len(found)))
        found.append(Counter(executed))
    assert found[0] == found[1]


def test_an_address_has_its_failures_and_another_one_still_opens(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    limit = house.settings.address_failures_per_hour
    statuses = [try_passcode(app, f"/g/{number:026d}", "1", "203.0.113.9").status_code for number in range(limit + 2)]
    assert statuses == [403] * limit + [429] * 2
    assert try_passcode(app, given.path, given.passcode, "203.0.113.9").status_code == 429
    assert try_passcode(app, given.path, given.passcode, "203.0.113.10").status_code == 303


def test_a_guests_cookie_opens_no_other_guests_exam_and_no_patients(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    visitor, base = guest(app, share(client, exam_id))
    other, other_base = guest(app, share(client, exam_id))
    assert visitor.get(other_base).status_code == 404
    assert other.get(base).status_code == 404
    cookie = visitor.get_cookie("cf-guest")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("cf-patient", cookie.value)
    assert thief.get(f"/exams/{exam_id}").status_code == 404
    assert thief.get("/exams").status_code == 404
    own = client.get_cookie("cf-patient")
    assert own is not None
    thief.set_cookie("cf-guest", own.value)
    assert thief.get(base).status_code == 404


def test_a_guest_shares_nothing_on_and_hands_nothing_over(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    for visitor, base in (guest(app, share(client, exam_id)), doctor(app, client, exam_id)):
        for tail in ("shares", "hand-over", "looks"):
            assert visitor.get(f"{base}/{tail}").status_code == 404
            assert visitor.post(f"{base}/{tail}").status_code in (404, 405)


def test_nobody_revokes_anothers_share_and_no_form_without_its_token_does_anything(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    other, others_exam = patient(app, house, "B1", patient_id="P2", patient_name="王芳", patient_phone="13900000002")
    token = form_token(other, f"/exams/{others_exam}/shares")
    assert other.post(f"/shares/{given.id}/revoke", data={"csrf_token": token}).status_code == 404
    assert other.get(f"/exams/{exam_id}/shares").status_code == 404
    for path in (f"/shares/{given.id}/revoke", f"/exams/{exam_id}/shares", f"/exams/{exam_id}/hand-over"):
        assert client.post(path, data={"days": "7", "pictures": "1"}).status_code == 400
        assert client.post(path, data={"csrf_token": token}).status_code == 400
    assert rows(house, HandOver) == 0
    guest(app, given)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_page_of_another_site_posts_nothing_here(house: Services, app: Flask, headers: dict[str, str]) -> None:
    client, exam_id = patient(app, house)
    given, code = share(client, exam_id), digits(client, exam_id)
    assert app.test_client().post(given.path, data={"passcode": given.passcode}, headers=headers).status_code == 403
    assert app.test_client().post("/d", data={"code": code}, headers=headers).status_code == 403
    assert rows(house, GuestSession) == rows(house, WaitingPc) == 0


# --- six digits ------------------------------------------------------------------------------------------------------


def test_one_address_guesses_no_digits_of_the_whole_hospital(house: Services, app: Flask) -> None:
    """Twenty patients wait at once. Thirty guesses an hour of a million: one address meets nobody in a year."""
    given = [patient(app, house, f"A{number}") for number in range(20)]
    live = {digits(client, exam_id) for client, exam_id in given}
    assert len(live) == 20
    guesses = Random(7).sample([f"{number:06d}" for number in range(2000) if f"{number:06d}" not in live], 60)
    statuses = [type_digits(app.test_client(), guess).status_code for guess in guesses]
    limit = house.settings.address_failures_per_hour
    assert statuses == [403] * limit + [429] * (60 - limit)
    assert type_digits(app.test_client(), next(iter(live))).status_code == 429  # right ones count nothing there now
    assert rows(house, WaitingPc) == 0
    assert failures(house) == EACH_OF_ADDRESS + 1, "each of ten, then the 20th"


def test_many_addresses_get_two_guesses_each_and_close_the_door_to_no_doctor(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    code = digits(client, exam_id)
    statuses: Counter[int] = Counter()
    for number in range(HOSPITAL_FAILURES // 10):
        for guess in range(10):
            statuses[type_digits(app.test_client(), f"{guess:06d}x", address(number)).status_code] += 1
    assert set(statuses) == {403}
    for number in range(1000, 1010):  # from now on an address has two
        found = [type_digits(app.test_client(), "00000", address(number)).status_code for _ in range(4)]
        assert found == [403] * STRICT_FAILURES + [429] * (4 - STRICT_FAILURES)
    pc = app.test_client()
    assert type_digits(pc, "000000x", "203.0.113.77").status_code == 403  # a doctor mistypes once
    number = output(type_digits(pc, code, "203.0.113.77").text, "number")
    assert tap(client, exam_id, number).status_code == 303
    assert pc.get("/d").status_code == 303
    clock_of(house).advance(601)
    found = [type_digits(app.test_client(), "00000", address(2000)).status_code for _ in range(4)]
    assert found == [403] * 4


def test_in_a_network_that_many_share_guesses_are_counted_too(tmp_path: Path) -> None:
    house = services(tmp_path, shared_addresses="203.0.113.0/24", address_failures_per_hour="1")
    app = application(house)
    statuses = [type_digits(app.test_client(), "12345").status_code for _ in range(SHARED_TIMES + 1)]
    assert statuses == [403] * SHARED_TIMES + [429]


def test_a_lucky_guess_opens_nothing_until_the_patient_taps_a_number_no_doctor_shows(
    house: Services, app: Flask
) -> None:
    client, exam_id = patient(app, house)
    code = digits(client, exam_id)
    attacker, doctors = app.test_client(), app.test_client()
    theirs = output(type_digits(attacker, code, "198.51.100.7").text, "number")
    shown = output(type_digits(doctors, code).text, "number")
    assert theirs != shown
    assert waiting_numbers(client, exam_id) == sorted((theirs, shown))
    assert tap(client, exam_id, shown).status_code == 303
    assert attacker.get("/d").status_code == 200
    assert rows(house, GuestSession) == 1


def test_digits_of_two_patients_are_never_the_same(
    house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    derived = iter(["111111", "111111", "222222"])
    known: dict[bytes, str] = {}

    def one_time_code(_codes: object, row_id: bytes) -> str:
        if row_id not in known:
            known[row_id] = next(derived)
        return known[row_id]

    monkeypatch.setattr("app.security.codes.Codes.one_time_code", one_time_code)
    (first, one), (second, other) = patient(app, house, "A1"), patient(app, house, "A2")
    assert (digits(first, one), digits(second, other)) == ("111111", "222222")
