"""Staff prove who they are: two factors, lock-out, idle time-out, and what a stranger may try."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import jwt
import pytest
from flask import Flask
from sqlalchemy import event, select

from app import create_app
from app.bootstrap import Services, build
from app.errors import AccessRefused, InvalidInput, TooManyAttempts
from app.models import AuditEvent, StaffUser
from app.security import passwords
from tests.factories.access import application, issued, opened
from tests.factories.house import clock_of, services, settings
from tests.factories.staff import PASSWORD, Console, account, code, console


def audited(house: Services, action: str) -> list[AuditEvent]:
    with house.db.read() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def test_every_staff_page_leads_to_the_login(app: Flask) -> None:
    for path in ("/staff", "/staff/", "/staff/exams", "/staff/exams/" + "0" * 32, "/staff/people", "/staff/x/y"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/login"), path


def test_password_and_totp_open_the_console(app: Flask, house: Services) -> None:
    desk = console(app, house)
    assert desk.get("/staff/").headers["Location"] == "/staff/exams"
    assert "找检查" in desk.get("/staff/exams").text
    assert audited(house, "staff.login")[0].actor == "staff:desk"


@pytest.mark.parametrize("wrong", ["username", "password", "totp"])
def test_one_wrong_factor_is_refused_and_nobody_learns_which(app: Flask, house: Services, wrong: str) -> None:
    who = account(house)
    right = {"username": who.username, "password": who.password, "totp": code(house, who)}
    answer = Console(app, house).post("/staff/login", **{**right, wrong: "000000"})
    assert answer.status_code == 403
    assert "用户名、密码或动态码不对" in answer.text
    assert not any("cf-staff" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_unknown_names_run_the_same_statements_as_known_ones(app: Flask, house: Services) -> None:
    who = account(house)
    seen: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    runs = []
    for name in (who.username, "nobody-of-ours"):
        seen.clear()
        with pytest.raises(AccessRefused):
            house.staff_login.log_in(name, "wrong", "000000")
        runs.append(list(seen))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", ["desk", "nobody-of-ours"])
def test_five_wrong_tries_lock_a_name_for_fifteen_minutes(app: Flask, house: Services, name: str) -> None:
    who, browser = account(house), Console(app, house)
    assert [browser.try_login(name, "wrong", "000000").status_code for _ in range(6)] == [403] * 5 + [429]
    locked = browser.try_login(name, who.password, code(house, who))
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    clock_of(house).advance(901)
    assert browser.try_login(name, who.password, code(house, who)).status_code == (303 if name == "desk" else 403)


def test_a_lock_outlives_a_restart(tmp_path: Path, house: Services) -> None:
    who = account(house)
    for _ in range(5):
        with pytest.raises(AccessRefused):
            house.staff_login.log_in("desk", "wrong", "000000")
    again = build(settings(tmp_path), house.clock)
    with pytest.raises(TooManyAttempts):
        again.staff_login.log_in("desk", who.password, code(house, who))


def test_thirty_parallel_guesses_get_no_more_than_five_comparisons(house: Services) -> None:
    account(house)
    outcomes: list[type[Exception]] = []

    def guess() -> None:
        try:
            house.staff_login.log_in("desk", "wrong", "000000")
        except (AccessRefused, TooManyAttempts) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(AccessRefused) == 5
    assert outcomes.count(TooManyAttempts) == 25


def test_a_one_time_password_works_once(app: Flask, house: Services) -> None:
    who = account(house)
    Console(app, house).log_in(who)
    assert Console(app, house).try_login(who.username, who.password, code(house, who)).status_code == 403
    clock_of(house).advance(30)
    Console(app, house).log_in(who)


def test_a_wrong_password_does_not_use_up_the_one_time_password(app: Flask, house: Services) -> None:
    who = account(house)
    assert Console(app, house).try_login(who.username, "wrong", code(house, who)).status_code == 403
    Console(app, house).log_in(who)


def test_a_code_one_step_late_is_forgiven_and_two_are_not(app: Flask, house: Services) -> None:
    who = account(house)
    shown = code(house, who)
    clock_of(house).advance(60)
    assert Console(app, house).try_login(who.username, who.password, shown).status_code == 403
    shown = code(house, who)
    clock_of(house).advance(30)
    assert Console(app, house).try_login(who.username, who.password, shown).status_code == 303


def test_fifteen_idle_minutes_end_a_session_and_use_keeps_it(app: Flask, house: Services) -> None:
    desk = console(app, house)
    for _ in range(4):
        clock_of(house).advance(14 * 60)
        assert desk.get("/staff/exams").status_code == 200
    clock_of(house).advance(15 * 60 + 1)
    assert desk.get("/staff/exams").status_code == 303


def test_logging_out_ends_the_session_on_the_server(app: Flask, house: Services) -> None:
    desk = console(app, house)
    cookie = desk.client.get_cookie("cf-staff")
    assert cookie is not None
    assert desk.post("/staff/logout", "/staff/exams").status_code == 303
    desk.client.set_cookie("cf-staff", cookie.value)
    assert desk.get("/staff/exams").status_code == 303


def test_a_disabled_account_is_out_at_once_and_stays_out(app: Flask, house: Services) -> None:
    desk = console(app, house)
    house.staff_accounts.disable("desk", "test")
    assert desk.get("/staff/exams").status_code == 303
    clock_of(house).advance(30)
    who = account(house)
    assert desk.try_login("desk", PASSWORD, code(house, who)).status_code == 403


def test_text_that_no_database_takes_is_refused_as_bad_input(app: Flask, house: Services) -> None:
    assert Console(app, house).try_login("a\0b", "x", "000000").status_code == 400
    auditor, admin = console(app, house, "audit_admin"), console(app, house, "security_admin")
    assert auditor.get("/staff/audit?actor=a%00b").status_code == 400
    assert admin.post("/staff/people", "/staff/people", username="a\0b", role="desk").status_code == 400
    assert admin.post("/staff/people/a%00b/reset", "/staff/people").status_code == 400


def test_a_password_change_overtaken_by_a_reset_changes_nothing(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, hashed = account(house), passwords.hashed
    with house.db.read() as session:
        user_id = session.scalars(select(StaffUser.id)).one()

    def slowly(password: str) -> str:
        monkeypatch.undo()
        house.staff_accounts.reset(who.username, "test")
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", slowly)
    with pytest.raises(InvalidInput):
        house.staff_accounts.change_password(user_id, who.password, "New-pass-word1")
    with house.db.read() as session:
        assert not passwords.is_right("New-pass-word1", session.scalars(select(StaffUser.password_hash)).one())


@pytest.mark.parametrize("meanwhile", ["reset", "disable"])
def test_secrets_that_ended_while_they_were_compared_open_nothing(
    house: Services, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    who, is_right = account(house), passwords.is_right

    def slowly(password: str, stored: str | None) -> bool:
        getattr(house.staff_accounts, meanwhile)(who.username, "test")
        return is_right(password, stored)

    monkeypatch.setattr(passwords, "is_right", slowly)
    with pytest.raises(AccessRefused):
        house.staff_login.log_in(who.username, who.password, code(house, who))


def test_a_forged_or_foreign_cookie_is_nobody(app: Flask, house: Services) -> None:
    console(app, house)
    session_id = "0" * 32
    forged = [
        jwt.encode({"sid": session_id, "aud": "staff"}, "x" * 32, algorithm="HS256"),
        jwt.encode({"sid": session_id, "aud": "staff"}, None, algorithm="none"),
        house.patient_tokens.issue(uuid.uuid4()),
        "",
        "a.b.c",
    ]
    for value in forged:
        client = app.test_client()
        client.set_cookie("cf-staff", value)
        assert client.get("/staff/exams").status_code == 303


def test_patients_are_not_staff_and_staff_are_not_patients(app: Flask, house: Services) -> None:
    exam = issued(house)
    patient = opened(app, exam)
    cookie = patient.get_cookie("cf-patient")
    assert cookie is not None
    patient.set_cookie("cf-staff", cookie.value)
    assert patient.get("/staff/exams").status_code == 303
    desk = console(app, house)
    staff_cookie = desk.client.get_cookie("cf-staff")
    assert staff_cookie is not None
    desk.client.set_cookie("cf-patient", staff_cookie.value)
    assert desk.get(f"/exams/{exam.exam_id}").status_code == 404


def test_a_form_without_our_token_changes_nothing(app: Flask, house: Services) -> None:
    exam, desk = issued(house), console(app, house)
    for path in (f"/staff/exams/{exam.exam_id}/revoke", f"/staff/exams/{exam.exam_id}/let-in", "/staff/logout"):
        assert desk.client.post(path, data={"reason": "x"}).status_code == 400
    who = account(house)
    bare = app.test_client()
    form = {"username": who.username, "password": who.password, "totp": code(house, who)}
    assert bare.post("/staff/login", data=form).status_code == 400
    assert audited(house, "staff.revoked") == []


def test_outside_the_hospitals_networks_there_is_no_console(tmp_path: Path) -> None:
    house = services(tmp_path, staff_addresses="10.1.0.0/16")
    app = application(house)
    who = account(house)
    for path in ("/staff/login", "/staff/exams"):
        assert app.test_client().get(path).status_code == 404
        for address in ("10.1.2.3", "::ffff:10.1.2.3"):
            inside = app.test_client().get(path, environ_base={"REMOTE_ADDR": address})
            assert inside.status_code in (200, 303)
        for address in ("10.2.0.1", "::ffff:10.2.0.1", "fe80::1%eth0", "", "unix:"):
            assert app.test_client().get(path, environ_base={"REMOTE_ADDR": address}).status_code == 404
    form = {"username": who.username, "password": who.password, "totp": code(house, who)}
    assert app.test_client().post("/staff/login", data=form).status_code == 404


def full_width(text: str) -> str:
    """As a Chinese input method writes it."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def test_a_made_account_must_get_its_own_password_first(app: Flask, house: Services) -> None:
    fresh = house.staff_accounts.create("wang.f", "desk", "cli")
    browser = Console(app, house).log_in(fresh)
    assert browser.get("/staff/exams").headers["Location"] == "/staff/password"
    page = "/staff/password"

    def change(current: str, new: str, again: str) -> int:
        return browser.post(page, page, current=current, new=new, again=again).status_code

    assert change(fresh.password, "New-pass-word1", "Other-pass-word1") == 400
    assert change(fresh.password, "short-A1", "short-A1") == 400
    assert change(fresh.password, "onlysmallletters", "onlysmallletters") == 400
    assert change(fresh.password, "Wang.f-wang.f-1", "Wang.f-wang.f-1") == 400
    for same in (fresh.password, full_width(fresh.password)):
        assert change(fresh.password, same, same) == 400
    assert change(fresh.password, full_width("Wang.f-wang.f-1"), full_width("Wang.f-wang.f-1")) == 400
    assert change(fresh.password, "New-pass-word1", "New-pass-word1") == 303
    assert browser.get("/staff/exams").headers["Location"] == "/staff/login"
    clock_of(house).advance(30)
    assert browser.try_login("wang.f", fresh.password, code(house, fresh)).status_code == 403
    assert browser.try_login("WANG.F ", "New-pass-word1", code(house, fresh)).status_code == 303
    assert browser.get("/staff/exams").status_code == 200
    clock_of(house).advance(90 * 86400 + 1)
    browser.try_login("wang.f", "New-pass-word1", code(house, fresh))
    assert browser.get("/staff/exams").headers["Location"] == "/staff/password"


def test_a_wrong_current_password_ends_the_session_that_somebody_may_have_found(app: Flask, house: Services) -> None:
    desk, page = console(app, house), "/staff/password"
    answer = desk.post(page, page, current="wrong", new="New-pass-word1", again="New-pass-word1")
    assert answer.status_code == 403
    assert "现在的密码不对" in answer.text
    assert desk.get(page).headers["Location"] == "/staff/login"


def test_no_password_or_secret_is_stored_in_clear(house: Services) -> None:
    fresh = house.staff_accounts.create("wang.f", "desk", "cli")
    with house.db.read() as session:
        row = session.scalars(select(StaffUser)).one()
        events = [str(event.detail) + event.subject for event in session.scalars(select(AuditEvent))]
    assert row.password_hash.startswith("$argon2id$")
    assert fresh.totp_secret.encode() not in row.totp_sealed
    assert not any(fresh.password in text or fresh.totp_secret in text for text in events)
    assert fresh.password not in repr(fresh)
    assert fresh.totp_secret not in repr(fresh)


def test_over_https_the_cookies_carry_the_host_prefix_and_forms_need_no_referer(tmp_path: Path) -> None:
    house = services(tmp_path, base_url="https://film.example.org")
    app = create_app(house.settings, house)
    who = account(house)
    client = app.test_client()
    address = "https://film.example.org"
    page = client.get("/staff/login", base_url=address)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "username": who.username, "password": who.password, "totp": code(house, who)}
    answer = client.post("/staff/login", data=form, base_url=address)
    assert answer.status_code == 303
    set_by_us = page.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie")
    for cookie in set_by_us:
        assert cookie.startswith("__Host-")
        for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
            assert attribute in cookie
