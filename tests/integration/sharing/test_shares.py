"""A patient shares an exam by a link and a passcode, sees who opened it, and takes it back."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, GuestSession, Share
from app.services.sharing.shares import MOST_LIVE
from tests.factories.access import application
from tests.factories.access import revoke as revoke_codes
from tests.factories.house import clock_of
from tests.factories.phone_door import inside, listed
from tests.factories.sharing import form_token, guest, output, patient, revoke, share, try_passcode
from tests.factories.telling import register, report

TAILS = ("", "/viewer", "/manifest.json", "/report.pdf", "/images.zip", "/dicom.zip", "/series/1/frames/1.jpg")
DAY = 24 * 3600


def words_of(page: str) -> str:
    """What a reader sees: explained words of a report are links."""
    return re.sub(r"<[^>]+>", "", page)


def test_who_has_link_and_passcode_sees_what_was_chosen_and_nothing_under_exams(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    report(house)
    given = share(client, exam_id)
    visitor, base = guest(app, given)
    assert base.startswith("/guest/")
    assert exam_id not in base
    page = visitor.get(base)
    assert page.status_code == 200
    assert "胸部CT平扫未见明显异常" in words_of(page.text)
    assert exam_id not in page.text
    assert visitor.get(f"{base}/manifest.json").status_code == 200
    assert visitor.get(f"{base}/report.pdf").status_code == 200
    for tail in TAILS:
        assert visitor.get(f"/exams/{exam_id}{tail}").status_code == 404
    assert visitor.get("/exams").status_code == 404


@pytest.mark.parametrize(
    ("chosen", "closed"),
    [
        ({"report": "1"}, ("/viewer", "/manifest.json", "/images.zip", "/dicom.zip", "/series/1/frames/1.jpg")),
        ({"pictures": "1"}, ("/report.pdf", "/dicom.zip")),
        ({"pictures": "1", "originals": "0"}, ("/report.pdf", "/dicom.zip")),
        ({"originals": "on"}, ("/report.pdf", "/viewer", "/manifest.json", "/images.zip")),
    ],
)
def test_what_was_not_chosen_does_not_exist(
    house: Services, app: Flask, chosen: dict[str, str], closed: tuple[str, ...]
) -> None:
    client, exam_id = patient(app, house)
    report(house)
    visitor, base = guest(app, share(client, exam_id, **chosen))
    assert {visitor.get(base + tail).status_code for tail in closed} == {404}
    page = visitor.get(base).text
    assert ("胸部CT平扫未见明显异常" in words_of(page)) == ("report" in chosen)


@pytest.mark.parametrize("days", ["0.24", "30.1", "31", "-1", "0", "x", "", "1e1", "nan", "７"])
def test_a_period_outside_of_six_hours_to_thirty_days_is_refused(house: Services, app: Flask, days: str) -> None:
    client, exam_id = patient(app, house)
    path = f"/exams/{exam_id}/shares"
    form = {"csrf_token": form_token(client, path), "days": days, "pictures": "1"}
    assert client.post(path, data=form).status_code == 400
    with house.db.read() as session:
        assert session.scalars(select(Share)).all() == []


@pytest.mark.parametrize(("days", "seconds"), [("0.25", 6 * 3600), ("7", 7 * DAY), ("30", 30 * DAY)])
def test_a_share_ends_by_itself_with_all_that_it_opened(house: Services, app: Flask, days: str, seconds: int) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id, days=days, pictures="1")
    clock_of(house).advance(seconds - 60)
    visitor, base = guest(app, given)
    assert visitor.get(base).status_code == 200
    clock_of(house).advance(61)
    assert visitor.get(base).status_code == 404
    assert try_passcode(app, given.path, given.passcode).status_code == 403


def test_nothing_chosen_is_no_share_and_twenty_live_ones_are_enough(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    path = f"/exams/{exam_id}/shares"
    token = form_token(client, path)
    assert client.post(path, data={"csrf_token": token, "days": "7"}).status_code == 400
    for _ in range(MOST_LIVE):
        share(client, exam_id)
    assert client.post(path, data={"csrf_token": token, "days": "7", "pictures": "1"}).status_code == 409


def test_revoking_ends_what_is_open_at_once_and_twice_is_as_once(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    visitor, base = guest(app, given)
    assert visitor.get(base).status_code == 200
    assert revoke(client, exam_id, given).status_code == 303
    assert {visitor.get(base + tail).status_code for tail in TAILS} == {404}
    assert try_passcode(app, given.path, given.passcode).status_code == 403
    assert revoke(client, exam_id, given).status_code == 303
    (told,) = client.get(f"/exams/{exam_id}/shares", headers={"Accept": "application/json"}).get_json()["shares"]
    assert (told["id"], told["revoked"], told["opened"]) == (given.id, True, 1)


def test_the_desk_that_revokes_the_codes_and_another_patient_of_the_exam_end_shares(
    house: Services, app: Flask
) -> None:
    for accession, end in (
        ("A1", lambda: revoke_codes(house, "A1")),
        ("A2", lambda: register(house, "A2", patient_id="P7", patient_name="王芳", patient_id_number=None)),
    ):
        client, exam_id = patient(app, house, accession)
        given = share(client, exam_id)
        visitor, base = guest(app, given)
        assert visitor.get(base).status_code == 200
        end()
        assert visitor.get(base).status_code == 404
        assert try_passcode(app, given.path, given.passcode).status_code == 403


def test_the_patient_sees_each_opening_and_the_guest_knows_it(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    assert "还没有人打开" in client.get(f"/exams/{exam_id}/shares").text
    visitor, base = guest(app, given)
    page = client.get(f"/exams/{exam_id}/shares").text
    number = base.rpartition("/")[2][:8].upper()
    assert f"{number[:4]}-{number[4:]}" in page
    assert "Windows 电脑" in page
    assert "正在看" in page
    assert "分享的人看得到" in app.test_client().get(given.path).text
    token = form_token(visitor, base)
    assert visitor.post(f"{base}/leave", data={"csrf_token": token}).status_code == 200
    assert visitor.get(base).status_code == 404
    assert "正在看" not in client.get(f"/exams/{exam_id}/shares").text


def test_an_anonymous_share_says_nowhere_whose_it_is_and_gives_no_originals(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    report(house, findings="患者李娜双肺清晰。")
    given = share(client, exam_id, pictures="1", report="1", originals="1", anonymous="1")
    visitor, base = guest(app, given)
    page = visitor.get(base).text
    assert "双肺清晰" in page
    for secret in ("李", "检查人", "P1"):
        assert secret not in page
    assert visitor.get(f"{base}/dicom.zip").status_code == 404
    assert visitor.get(f"{base}/report.pdf").status_code == 200


def test_a_guests_report_bears_no_code_of_the_patients_own_door(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    report(house)
    visitor, base = guest(app, share(client, exam_id))
    own, copy = client.get(f"/exams/{exam_id}/report.pdf").data, visitor.get(f"{base}/report.pdf").data
    assert own.startswith(b"%PDF")
    assert copy.startswith(b"%PDF")
    assert len(own) - len(copy) > 200  # hundreds of squares of a QR


def test_earlier_exams_of_the_same_session_come_along_when_chosen(house: Services) -> None:
    app = application(house)
    old = register(house, "A1", performed_at="2024-03-02T08:30:00+08:00", body_part="腹部").hex
    new = register(house, "A2").hex
    client = inside(app, house)
    assert set(listed(client)) == {old, new}
    visitor, base = guest(app, share(client, new, pictures="1", priors="1"))
    page = visitor.get(base).text
    assert "以前的检查" in page
    (prior,) = {line.split('"')[1] for line in page.splitlines() if 'href="/guest/' in line and "腹部" in line}
    assert "腹部" in visitor.get(prior).text
    without, other_base = guest(app, share(client, new, pictures="1"))
    assert "以前的检查" not in without.get(other_base).text
    assert without.get(prior).status_code == 404


def test_an_earlier_exam_that_the_desk_revoked_comes_along_no_more(house: Services) -> None:
    app = application(house)
    old = register(house, "A1", performed_at="2024-03-02T08:30:00+08:00", body_part="腹部")
    new = register(house, "A2").hex
    given = share(inside(app, house), new, pictures="1", priors="1")
    visitor, base = guest(app, given)
    assert "以前的检查" in visitor.get(base).text
    house.desk.exams.revoke(old, "lost", "staff:desk")
    again, base = guest(app, given)
    for one in (visitor, again):
        assert "以前的检查" not in one.get(base).text
    assert again.get(base).status_code == 200


def test_a_session_of_one_exam_gives_no_earlier_one_along(house: Services, app: Flask) -> None:
    register(house, "A0", performed_at="2024-03-02T08:30:00+08:00", body_part="腹部")
    client, exam_id = patient(app, house)
    visitor, base = guest(app, share(client, exam_id, pictures="1", priors="1"))
    assert "以前的检查" not in visitor.get(base).text


def test_a_held_exam_is_neither_shared_nor_shown_to_guests(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    visitor, base = guest(app, share(client, exam_id))
    house.release.holds.withhold(register(house), "影像有误", "staff:a")
    assert "正在核对" in visitor.get(base).text
    assert "胸部" not in visitor.get(base).text
    assert {visitor.get(base + tail).status_code for tail in TAILS[2:]} == {404}
    assert client.get(f"/exams/{exam_id}/shares").status_code == 404


def test_link_and_passcode_are_shown_once_and_stored_as_hashes(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    assert len(given.path.removeprefix("/g/")) == 26
    page = client.get(f"/exams/{exam_id}/shares").text
    assert given.path not in page
    assert given.passcode not in page
    with house.db.read() as session:
        row = session.scalars(select(Share)).one()
        written = [str(value) for value in vars(row).values()]
        events = " ".join(f"{each.actor} {each.subject} {each.detail}" for each in session.scalars(select(AuditEvent)))
    for secret in (given.passcode, given.path.removeprefix("/g/")):
        assert not any(secret in value for value in written)
        assert secret not in events


def test_in_a_browser_that_has_it_open_the_link_leads_there(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    given, other = share(client, exam_id), share(client, exam_id)
    visitor, base = guest(app, given)
    assert visitor.get(given.path).headers["Location"] == base
    assert visitor.get(other.path).status_code == 200


def test_openings_are_in_the_audit_log_of_the_exam_as_a_shares(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    visitor, base = guest(app, share(client, exam_id))
    visitor.get(base)
    with house.db.read() as session:
        begun = session.scalars(select(GuestSession)).one()
        events = [(each.action, each.actor) for each in session.scalars(select(AuditEvent)) if exam_id in each.subject]
    actor = f"share-session:{begun.id.hex}"
    assert ("share.opened", actor) in events
    assert ("exam.viewed", actor) in events


def test_the_answer_of_a_new_share_names_its_parts_and_end(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    path = f"/exams/{exam_id}/shares"
    page = client.post(path, data={"csrf_token": form_token(client, path), "pictures": "1"}).text
    assert output(page, "passcode").isdigit()
    assert "2026-03-09" in page  # seven days are usual
