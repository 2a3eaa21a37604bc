"""The way into the console: two factors, locks, nothing learnt from a refusal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event

from app.bootstrap import Services, build
from app.errors import AccessRefused, TooManyAttempts
from app.security import passwords
from app.services.audit.counted_refusals import EACH_OF_ADDRESS
from tests.factories.house import clock_of, settings
from tests.factories.staff import Console, account, audited, code, console


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
            house.staff.login.log_in(name, "wrong", "000000", "10.0.0.7")
        runs.append(list(seen))
    assert runs[0] == runs[1]


def test_made_up_names_write_few_rows_and_each_try_at_an_account_has_its_row(app: Flask, house: Services) -> None:
    who, address = account(house), "10.0.0.7"

    def tried(name: str) -> None:
        with pytest.raises(AccessRefused):
            house.staff.login.log_in(name, "wrong", "000000", address)

    for number in range(45):
        tried(f"made-up-{number}")
    rows = audited(house, "staff.login_failed")
    assert len(rows) == EACH_OF_ADDRESS + 2, "each of ten, then the 20th and the 40th"
    assert rows[-1].detail["times"] == 40
    for _ in range(5):
        tried(who.username)
    mine = [row for row in audited(house, "staff.login_failed") if row.subject == "staff:desk"]
    assert len(mine) == 5
    with house.db.read() as session:
        assert house.audit.log.verify(session) == []


def test_an_account_is_not_told_by_statements_when_made_up_names_have_no_rows_any_more(
    app: Flask, house: Services
) -> None:
    who, seen, runs = account(house), list[str](), []
    for number in range(EACH_OF_ADDRESS):
        with pytest.raises(AccessRefused):
            house.staff.login.log_in(f"made-up-{number}", "wrong", "000000", "10.0.0.7")
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for name in (who.username, "nobody-of-ours"):
        seen.clear()
        with pytest.raises(AccessRefused):
            house.staff.login.log_in(name, "wrong", "000000", "10.0.0.7")
        runs.append([statement for statement in seen if "SAVEPOINT" not in statement])
    assert runs[0] == runs[1], "but for the end of a savepoint, which keeps the row or takes it back"


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
            house.staff.login.log_in("desk", "wrong", "000000", "10.0.0.7")
    again = build(settings(tmp_path), house.clock)
    with pytest.raises(TooManyAttempts):
        again.staff.login.log_in("desk", who.password, code(house, who), "10.0.0.7")


def test_thirty_parallel_guesses_get_no_more_than_five_comparisons(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher())  # as slow as outside of tests: guesses must meet
    account(house)
    outcomes: list[type[Exception]] = []

    def guess() -> None:
        try:
            house.staff.login.log_in("desk", "wrong", "000000", "10.0.0.7")
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


def test_text_that_no_database_takes_is_refused_as_bad_input(app: Flask, house: Services) -> None:
    assert Console(app, house).try_login("a\0b", "x", "000000").status_code == 400
    auditor, admin = console(app, house, "audit_admin"), console(app, house, "security_admin")
    assert auditor.get("/staff/audit?actor=a%00b").status_code == 400
    assert auditor.get("/staff/audit?actor=a&actor=%1b").status_code == 400
    assert auditor.get("/staff/audit?%00=a").status_code == 400
    assert admin.post("/staff/people", "/staff/people", username="a\0b", role="desk").status_code == 400
    assert admin.post("/staff/people/a%00b/reset", "/staff/people").status_code == 400
