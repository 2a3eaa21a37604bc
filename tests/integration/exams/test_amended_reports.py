"""A report is amended: everybody who read the former version is told, and nobody else."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.services.exams.views import ExamView, ExamViews
from tests.factories.family import MOTHER, added, daughter, mother, registered
from tests.factories.sharing import ALL, doctor, guest, patient, revoke, share
from tests.factories.telling import exam_of, mark_prepared, messages, register, report, states, sweep


@pytest.fixture
def owner(house: Services, app: Flask) -> FlaskClient:
    """A patient with a released exam and a report, who did not look yet."""
    client, _ = patient(app, house)
    mark_prepared(house)
    report(house)
    sweep(house)
    return client


def base(house: Services) -> str:
    return f"/exams/{exam_of(house).id.hex}"


def amend(house: Services, impression: str = "修订的意见") -> None:
    report(house, status="amended", impression=impression)
    sweep(house)


def told_of_amendments(house: Services) -> int:
    return sum(kind.startswith("report_amended") for kind, _, _ in states(house, exam_of(house).id))


def test_a_patient_who_read_it_is_told_once_for_each_version(house: Services, owner: FlaskClient) -> None:
    owner.get(base(house))
    amend(house)
    amend(house)  # the same content is no version
    assert told_of_amendments(house) == 1
    assert len(messages(house)) == 2
    amend(house, "再次修订")
    assert told_of_amendments(house) == 2


def test_a_download_of_the_sheet_is_a_look_at_the_report(house: Services, owner: FlaskClient) -> None:
    owner.get(base(house) + "/report.pdf")
    amend(house)
    assert told_of_amendments(house) == 1


def test_who_read_nothing_yet_has_one_message_and_finds_the_newest(house: Services, owner: FlaskClient) -> None:
    owner.get("/exams")
    amend(house)
    assert told_of_amendments(house) == 0
    assert "修订的意见" in owner.get(base(house)).text


def test_pictures_before_the_report_are_no_look_at_it(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    mark_prepared(house)
    sweep(house)
    client.get(base(house))
    report(house)
    amend(house)
    assert told_of_amendments(house) == 0


def test_guests_who_read_it_are_named_to_the_patient_until_they_look_again(
    house: Services, app: Flask, owner: FlaskClient
) -> None:
    exam_id = exam_of(house).id.hex
    given = share(owner, exam_id, **ALL)
    family, address = guest(app, given)
    doctor(app, owner, exam_id)[0].get("/exams")  # came in and did not look
    family.get(address)
    amend(house)
    assert told_of_amendments(house) == 1, "the patient can tell them"
    page = owner.get(base(house)).text
    assert page.count("分享链接（编号") == 1
    assert "医生的电脑" not in page.partition("修订过")[2].partition("</div>")[0]
    own = family.get(address).text
    assert "医生修订过这份报告" in own
    assert "看过以前版本的" not in own
    assert "看过以前版本的" not in owner.get(base(house)).text
    revoke(owner, exam_id, given)


def test_a_guest_without_the_report_read_nothing(house: Services, app: Flask, owner: FlaskClient) -> None:
    client, address = guest(app, share(owner, exam_of(house).id.hex, pictures="1"))
    client.get(address)
    assert client.get(address + "/report-version").status_code == 404
    amend(house)
    assert told_of_amendments(house) == 0


def test_a_report_that_is_amended_while_its_page_is_made_is_not_shown_in_its_former_version(
    house: Services, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = ExamViews.by_id, []

    def overtaken(views: ExamViews, exam_id: uuid.UUID) -> ExamView:
        view = read(views, exam_id)
        if not times:
            times.append(1)
            report(house, status="amended", impression="修订的意见")
        return view

    monkeypatch.setattr(ExamViews, "by_id", overtaken)
    page = owner.get(base(house)).text
    assert times
    assert "修订的意见" in page


def test_an_open_page_learns_of_the_newest_version(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    address = base(house) + "/report-version"
    assert client.get(address).get_json() == {"version": 0}
    report(house, status="preliminary")
    assert client.get(address).get_json() == {"version": 0}
    report(house)
    assert client.get(address).get_json() == {"version": 2}
    house.release.holds.withhold(exam_of(house).id, "核对", "staff:a")
    assert client.get(address).status_code == 404
    assert app.test_client().get(address).status_code == 404


def test_a_relative_who_read_it_is_named_to_the_patient_and_named_nobody(house: Services, app: Flask) -> None:
    exam = registered(house, "A2", MOTHER)
    register(house)
    report(house, "A2")
    relative = daughter(app, house)
    added(relative, house)
    patients = mother(app, house)
    address = f"/exams/{exam}"
    assert relative.get(address).status_code == 200
    report(house, "A2", status="amended", impression="修订的意见")
    page = patients.get(address).text
    assert "看过以前版本的还有：亲友（李*）" in page
    assert "李娜" not in page
    assert "看过以前版本的" not in relative.get(address).text
