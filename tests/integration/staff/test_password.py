"""Passwords of staff: changed, reset, never stored in clear."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.errors import AccessRefused, InvalidInput
from app.models import AuditEvent, StaffUser
from app.security import passwords
from tests.factories.house import clock_of
from tests.factories.staff import Console, account, code, console


def test_a_password_change_overtaken_by_a_reset_changes_nothing(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, hashed = account(house), passwords.hashed
    with house.db.read() as session:
        user_id = session.scalars(select(StaffUser.id)).one()

    def slowly(password: str) -> str:
        monkeypatch.undo()
        house.staff.accounts.reset(who.username, "test")
        return hashed(password)

    monkeypatch.setattr(passwords, "hashed", slowly)
    with pytest.raises(InvalidInput):
        house.staff.accounts.change_password(user_id, who.password, "New-pass-word1")
    with house.db.read() as session:
        assert not passwords.is_right("New-pass-word1", session.scalars(select(StaffUser.password_hash)).one())


@pytest.mark.parametrize("meanwhile", ["reset", "disable"])
def test_secrets_that_ended_while_they_were_compared_open_nothing(
    house: Services, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    who, is_right = account(house), passwords.is_right

    def slowly(password: str, stored: str | None) -> bool:
        getattr(house.staff.accounts, meanwhile)(who.username, "test")
        return is_right(password, stored)

    monkeypatch.setattr(passwords, "is_right", slowly)
    with pytest.raises(AccessRefused):
        house.staff.login.log_in(who.username, who.password, code(house, who), "10.0.0.7")


def full_width(text: str) -> str:
    """As a Chinese input method writes it."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def test_a_made_account_must_get_its_own_password_first(app: Flask, house: Services) -> None:
    fresh = house.staff.accounts.create("wang.f", "desk", "cli")
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
    fresh = house.staff.accounts.create("wang.f", "desk", "cli")
    with house.db.read() as session:
        row = session.scalars(select(StaffUser)).one()
        events = [str(event.detail) + event.subject for event in session.scalars(select(AuditEvent))]
    assert row.password_hash.startswith("$argon2id$")
    assert fresh.totp_secret.encode() not in row.totp_sealed
    assert not any(fresh.password in text or fresh.totp_secret in text for text in events)
    assert fresh.password not in repr(fresh)
    assert fresh.totp_secret not in repr(fresh)
