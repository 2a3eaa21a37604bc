"""The patient's session: one exam, at once revocable, in a cookie that nobody forges, in answers that nobody caches."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path

import jwt
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import AuditEvent, PatientSession
from app.security.session_tokens import SessionTokens
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import clock_of, services

HOUR = 3600


def session_id(house: Services) -> uuid.UUID:
    with house.db.read() as session:
        return session.scalars(select(PatientSession.id)).one()


def b64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def test_behind_https_both_cookies_are_host_bound_secure_and_out_of_scripts_reach(tmp_path: Path) -> None:
    house = services(tmp_path, base_url="https://film.example.org")
    exam = issued(house)
    answer = application(house).test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor})
    cookies = {cookie.partition("=")[0]: cookie for cookie in answer.headers.getlist("Set-Cookie")}
    assert cookies.keys() == {"__Host-cf-patient", "__Host-cf-device"}
    for cookie in cookies.values():
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; ")[1:])
        assert "Domain" not in cookie
    assert "Max-Age" not in cookies["__Host-cf-patient"]


def test_who_asks_for_the_headers_alone_looked_at_nothing(house: Services, app: Flask, exam: Issued) -> None:
    client, page = opened(app, exam), f"/exams/{exam.exam_id}"

    def looked() -> int:
        with house.db.read() as session:
            seen = AuditEvent.action.in_(("exam.viewed", "images.viewed", "report.downloaded", "images.downloaded"))
            return session.scalar(select(func.count()).select_from(AuditEvent).where(seen)) or 0

    for address in ("", "/viewer", "/report.pdf"):
        with client.head(page + address) as answer:
            assert answer.status_code == 200
    assert looked() == 0
    for address in ("", "/viewer", "/report.pdf"):
        assert client.get(page + address).status_code == 200
    assert looked() == 3


def test_a_cookie_planted_before_opening_is_replaced(house: Services, app: Flask, exam: Issued) -> None:
    planted = house.patient_access.tokens.issue(uuid.uuid4())
    client = app.test_client()
    client.set_cookie("cf-patient", planted)
    client.post(f"/q/{exam.qr}", data={"factor": exam.factor})
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    assert cookie.value == house.patient_access.tokens.issue(session_id(house)) != planted


def test_no_cookie_that_we_did_not_sign_for_patients_opens_anything(house: Services, app: Flask, exam: Issued) -> None:
    opened(app, exam)
    sid = session_id(house).hex
    claims = {"sid": sid, "aud": "patient"}
    forged = {
        "none": f"{b64(b'{}')}.{b64(json.dumps(claims).encode())}.".replace(b64(b"{}"), b64(b'{"alg":"none"}')),
        "another key": jwt.encode(claims, b"k" * 32, algorithm="HS256"),
        "another hash": jwt.encode(claims, house.patient_access.tokens.key * 2, algorithm="HS512"),
        "staff": SessionTokens(house.patient_access.tokens.key, "staff").issue(session_id(house)),
        "no audience": jwt.encode({"sid": sid}, house.patient_access.tokens.key, algorithm="HS256"),
        "no session": jwt.encode({"aud": "patient"}, house.patient_access.tokens.key, algorithm="HS256"),
        "odd session": jwt.encode({"sid": "x", "aud": "patient"}, house.patient_access.tokens.key, algorithm="HS256"),
        "unknown session": house.patient_access.tokens.issue(uuid.uuid4()),
        "nested": b64(b"[" * 3000) + ".e30.AA",
        "nothing": "",
    }
    for name, token in forged.items():
        client = app.test_client()
        client.set_cookie("cf-patient", token)
        assert client.get(f"/exams/{exam.exam_id}").status_code == 404, name


def test_a_clock_set_back_makes_no_session_live_longer(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    clock_of(house).advance(-20 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    clock_of(house).advance(20 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(-30)  # a second or so is what time servers correct
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200


def test_idle_time_counts_from_the_new_time_after_the_clock_was_set_back(
    house: Services, app: Flask, exam: Issued
) -> None:
    client = opened(app, exam)
    for _ in range(4):
        clock_of(house).advance(20 * 60)
        assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(-60 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(31 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404


def test_a_session_that_is_used_all_the_time_ends_after_twelve_hours(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    answers = []
    for _ in range(12 * 3):
        clock_of(house).advance(20 * 60)
        answers.append(client.get(f"/exams/{exam.exam_id}").status_code)
    assert answers == [200] * 35 + [404]


def test_nothing_personal_may_be_cached_or_named_to_other_sites(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    answers = [client.get(address) for address in ("/", "/s", f"/q/{exam.qr}", "/exams", "/no-such-page")]
    answers += [client.get(f"/exams/{exam.exam_id}{page}") for page in ("", "/viewer", "/manifest.json", "/report.pdf")]
    answers.append(client.post(f"/q/{exam.qr}", data={"factor": "9999"}))
    answers.append(client.put(f"/exams/{exam.exam_id}"))
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not {"ETag", "Last-Modified", "Expires"} & set(answer.headers.keys())


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_other_methods_open_change_and_count_nothing(house: Services, app: Flask, exam: Issued, method: str) -> None:
    client = app.test_client()
    for address in (f"/q/{exam.qr}", f"/s/{exam.pickup}", "/s", f"/exams/{exam.exam_id}"):
        answer = client.open(address, method=method, data={"factor": exam.factor})
        assert answer.status_code in (200, 404, 405)
        assert "Set-Cookie" not in answer.headers
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(PatientSession)) == 0


def test_leaving_with_the_token_of_another_session_or_from_another_exam_is_refused(
    house: Services, app: Flask, exam: Issued
) -> None:
    other = issued(house, "B1", patient_id="P9", patient_name="赵六")
    mine, theirs = opened(app, exam), opened(app, other)
    page = theirs.get(f"/exams/{other.exam_id}").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert token
    for wrong in (token, "", "é", "0" * 64):
        assert mine.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": wrong}).status_code == 400
    assert mine.post(f"/exams/{other.exam_id}/leave", data={"csrf_token": token}).status_code == 404
    assert mine.get(f"/exams/{exam.exam_id}").status_code == 200
    assert theirs.get(f"/exams/{other.exam_id}").status_code == 200


def test_a_failed_post_takes_no_session_away(app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    answer = client.post(f"/q/{exam.qr}", data={"factor": "9999"})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200


UNDER_EXAMS = [
    "/exams",
    "/exams/x",
    "/exams/{id}",
    "/exams/{id}/leave",
    "/exams/{id}/report.pdf",
    "/exams/{id}/nothing",
    "/exams/{id}//viewer",
    "/exams/",
    "//exams/{id}",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_without_a_session_nothing_under_exams_exists_whatever_the_method(
    house: Services, app: Flask, exam: Issued, method: str
) -> None:
    strangers = {"nobody": None, "forged": "x.y.z", "over": house.patient_access.tokens.issue(uuid.uuid4())}
    for name, token in strangers.items():
        client = app.test_client()
        if token:
            client.set_cookie("cf-patient", token)
        for address in UNDER_EXAMS:
            answer = client.open(address.format(id=exam.exam_id), method=method)
            assert (answer.status_code, answer.headers.get("Allow")) == (404, None), (name, address)


def test_with_a_session_another_method_is_not_allowed(app: Flask, exam: Issued) -> None:
    assert opened(app, exam).put(f"/exams/{exam.exam_id}").status_code == 405


@pytest.mark.parametrize("path", ["/", "/s", "/examsx", "/q/x", "/healthz", "/staff/login"])
def test_other_doors_say_which_methods_they_take(app: Flask, path: str) -> None:
    assert app.test_client().delete(path).status_code == (404 if path == "/examsx" else 405)
