"""Before the first look a patient agrees to a version of the text; and may take it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, Consent
from app.services.consent import consents
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import clock_of, services
from tests.factories.phone_door import inside, listed
from tests.factories.sharing import doctor, form_token, guest, patient, share, try_passcode
from tests.factories.telling import register, report

PAGES = ("", "/viewer", "/looks", "/shares", "/hand-over")
DOCUMENTS = ("/manifest.json", "/series/1/frames/1.jpg", "/images.zip", "/dicom.zip", "/report.pdf")


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, consent="asked")


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


def answer(client: FlaskClient, action: str) -> int:
    return client.post("/consent", data={"csrf_token": form_token(client, "/consent"), "action": action}).status_code


def places(client: FlaskClient, base: str, tails: tuple[str, ...]) -> set[tuple[int, str | None]]:
    answers = [client.get(base + tail) for tail in tails]
    return {(each.status_code, each.headers.get("Location")) for each in answers}


def test_before_consent_pages_lead_to_it_and_pictures_and_documents_are_closed(house: Services, app: Flask) -> None:
    exam: Issued = issued(house)
    report(house)
    client = opened(app, exam)
    base = f"/exams/{exam.exam_id}"
    assert places(client, base, PAGES) == {(303, "/consent")}
    assert places(client, "", ("/exams",)) == {(303, "/consent")}
    assert {status for status, _ in places(client, base, DOCUMENTS)} == {403}
    assert client.post(f"{base}/shares", data={"days": "7", "pictures": "1"}).headers["Location"] == "/consent"
    page = client.get("/consent").text
    assert consents.VERSION in page
    assert "胸部" not in page
    assert "李" not in page
    with house.db.read() as session:
        assert not [event for event in session.scalars(select(AuditEvent)) if "viewed" in event.action]


def test_who_agrees_is_led_to_the_exam_and_is_not_asked_again(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    form = {"csrf_token": form_token(client, "/consent"), "action": "agree"}
    agreed = client.post("/consent", data=form)
    assert (agreed.status_code, agreed.headers["Location"]) == (303, f"/exams/{exam.exam_id}")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    assert client.get(f"/exams/{exam.exam_id}/manifest.json").status_code == 200
    assert opened(app, exam).get(f"/exams/{exam.exam_id}").status_code == 200
    assert client.post("/consent", data=form).status_code == 303
    with house.db.read() as session:
        rows = session.scalars(select(Consent)).all()
        given = [event for event in session.scalars(select(AuditEvent)) if event.action == "consent.given"]
    assert [(row.version, row.withdrawn_at) for row in rows] == [(consents.VERSION, None)]
    assert [event.detail for event in given] == [{"version": consents.VERSION}]


def test_a_new_text_asks_everybody_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = services(tmp_path, consent="asked")
    client, exam_id = patient(application(house), house)
    answer(client, "agree")
    assert client.get(f"/exams/{exam_id}").status_code == 200
    for module in ("app.services.consent.consents", "app.bootstrap.patient_access", "app.web.patient.consent"):
        monkeypatch.setattr(f"{module}.VERSION", "2031-01")
    later = services(tmp_path, consent="asked")
    again = application(later).test_client()
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    again.set_cookie("cf-patient", cookie.value)
    assert places(again, f"/exams/{exam_id}", PAGES) == {(303, "/consent")}
    assert answer(again, "agree") == 303
    assert again.get(f"/exams/{exam_id}").status_code == 200


def test_one_answer_holds_for_every_number_of_the_person_that_this_browser_has_open(
    house: Services, app: Flask
) -> None:
    register(house, "A1")
    register(house, "A2", patient_id="P9")
    client = app.test_client()
    client = inside(app, house)
    assert answer(client, "agree") == 303
    assert len(listed(client)) == 2
    register(house, "A3", patient_id="P10")  # a new number of the same person is another row: it is asked once more
    assert client.get("/exams").headers["Location"] == "/consent"


def test_withdrawing_closes_everything_and_ends_what_was_given(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    answer(client, "agree")
    given = share(client, exam_id)
    visitor, base = guest(app, given)
    pc, pc_base = doctor(app, client, exam_id)
    assert visitor.get(base).status_code == pc.get(pc_base).status_code == 200
    assert answer(client, "withdraw") == 303
    assert places(client, f"/exams/{exam_id}", PAGES) == {(303, "/consent")}
    assert visitor.get(base).status_code == pc.get(pc_base).status_code == 404
    assert try_passcode(app, given.path, given.passcode).status_code == 403
    clock_of(house).advance(1)
    assert answer(client, "agree") == 303
    assert client.get(f"/exams/{exam_id}").status_code == 200
    assert visitor.get(base).status_code == 404


def test_who_does_not_agree_may_leave(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    left = client.post(f"/exams/{exam_id}/leave", data={"csrf_token": form_token(client, "/consent")})
    assert left.status_code == 200
    assert client.get("/consent").status_code == 404


def test_nothing_is_agreed_without_a_session_its_token_or_a_known_word(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    token = form_token(client, "/consent")
    assert app.test_client().get("/consent").status_code == 404
    assert app.test_client().post("/consent", data={"action": "agree", "csrf_token": token}).status_code == 404
    for form in ({"action": "agree"}, {"action": "agree", "csrf_token": "x"}, {"csrf_token": token}):
        assert client.post("/consent", data=form).status_code == 400
    crossing = {"Origin": "https://evil.example"}
    assert client.post("/consent", data={"action": "agree", "csrf_token": token}, headers=crossing).status_code == 403
    with house.db.read() as session:
        assert session.scalars(select(Consent)).all() == []


def test_a_hospital_that_asks_on_paper_asks_nobody_here(tmp_path: Path) -> None:
    house = services(tmp_path, consent="elsewhere")
    client, exam_id = patient(application(house), house)
    assert client.get(f"/exams/{exam_id}").status_code == 200


def test_who_agrees_and_withdraws_for_ever_has_few_rows_and_always_withdraws(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    for _ in range(consents.MOST_A_DAY):
        assert (answer(client, "agree"), answer(client, "withdraw")) == (303, 303)
    form = {"csrf_token": form_token(client, "/consent"), "action": "agree"}
    refused = client.post("/consent", data=form)
    assert refused.status_code == 409
    assert "请明天再来" in refused.text
    for _ in range(5):
        assert (answer(client, "agree"), answer(client, "withdraw")) == (409, 303)
    with house.db.read() as session:
        recorded = [row for row in session.scalars(select(AuditEvent)) if row.action.startswith("consent.")]
        assert len(session.scalars(select(Consent)).all()) == consents.MOST_A_DAY
    assert len(recorded) == 2 * consents.MOST_A_DAY
    clock_of(house).advance(24 * 3600)
    client, _ = patient(app, house)  # the session of before was idle too long
    assert answer(client, "agree") == 303


def test_agreeing_at_once_is_no_more_than_once(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    (token, cookie) = form_token(client, "/consent"), client.get_cookie("cf-patient")
    assert cookie is not None

    def agree(_: int) -> int:
        browser = app.test_client()
        browser.set_cookie("cf-patient", cookie.value)
        return browser.post("/consent", data={"csrf_token": token, "action": "agree"}).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(agree, range(12))) == {303}
    with house.db.read() as session:
        assert len(session.scalars(select(Consent)).all()) == 1
