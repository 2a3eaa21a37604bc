"""The auditor sees which failed logins came from one place, and never the address itself."""

from __future__ import annotations

import json
import re

from flask import Flask

from app.bootstrap import Services
from tests.factories.staff import Console, account, audited, console

ONE, OTHER = "10.0.0.7", "192.168.3.4"


def fail(app: Flask, house: Services, username: str, address: str) -> None:
    browser = Console(app, house)
    form = {"csrf_token": browser.token(), "username": username, "password": "wrong", "totp": "000000"}
    answer = browser.client.post("/staff/login", data=form, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 403


def test_failures_are_recorded_with_a_mark_that_can_be_compared(house: Services, app: Flask) -> None:
    account(house)
    for username, address in (("desk", ONE), ("nobody", ONE), ("desk", OTHER)):
        fail(app, house, username, address)
    marks = [event.detail["address_mark"] for event in audited(house, "staff.login_failed")]
    assert marks[0] == marks[1] != marks[2]
    auditor = console(app, house, "audit_admin")
    page = auditor.get("/staff/audit?action=staff.login_failed").text
    assert page.count(f"address_mark={marks[0]}") == 2
    assert page.count(f"address_mark={marks[2]}") == 1
    told = auditor.post("/staff/audit/address-mark", "/staff/audit", address=f" {OTHER} ").text
    assert re.findall('<output name="address_mark">([0-9a-f]{16})</output>', told) == [marks[2]]


def test_who_logged_in_has_the_mark_of_the_same_place(house: Services, app: Flask) -> None:
    account(house)
    fail(app, house, "desk", "127.0.0.1")
    console(app, house)
    (failed,), (succeeded,) = audited(house, "staff.login_failed"), audited(house, "staff.login")
    assert failed.detail["address_mark"] == succeeded.detail["address_mark"]


def test_no_event_holds_the_address(house: Services, app: Flask) -> None:
    fail(app, house, "nobody", OTHER)
    (event,) = audited(house, "staff.login_failed")
    assert OTHER not in json.dumps([event.actor, event.subject, event.detail])


def test_only_the_auditor_compares(house: Services, app: Flask) -> None:
    for role in ("desk", "system_admin", "security_admin"):
        refused = console(app, house, role)
        token = refused.token("/staff/password")
        answer = refused.client.post("/staff/audit/address-mark", data={"csrf_token": token, "address": ONE})
        assert answer.status_code == 403
