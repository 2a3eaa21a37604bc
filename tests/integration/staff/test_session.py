"""A session of the console: it ends, is nobody else's, changes nothing without our token."""

from __future__ import annotations

import uuid
from pathlib import Path

import jwt
from flask import Flask

from app import create_app
from app.bootstrap import Services
from tests.factories.access import application, issued, opened
from tests.factories.house import clock_of, services
from tests.factories.staff import PASSWORD, account, audited, code, console


def test_every_staff_page_leads_to_the_login(app: Flask) -> None:
    for path in ("/staff", "/staff/", "/staff/exams", "/staff/exams/" + "0" * 32, "/staff/people", "/staff/x/y"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/login"), path


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
    house.staff.accounts.disable("desk", "test")
    assert desk.get("/staff/exams").status_code == 303
    clock_of(house).advance(30)
    who = account(house)
    assert desk.try_login("desk", PASSWORD, code(house, who)).status_code == 403


def test_a_forged_or_foreign_cookie_is_nobody(app: Flask, house: Services) -> None:
    console(app, house)
    session_id = "0" * 32
    forged = [
        jwt.encode({"sid": session_id, "aud": "staff"}, "x" * 32, algorithm="HS256"),
        jwt.encode({"sid": session_id, "aud": "staff"}, None, algorithm="none"),
        house.patient_access.tokens.issue(uuid.uuid4()),
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
