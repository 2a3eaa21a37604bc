"""What the patient of a held exam is shown, over HTTP, with real pictures behind it."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.telling import receive_study, register, report, sweep

PAGES = ("/exams", "/exams/{id}", "/exams/{id}/viewer")
SHOWING = (
    "manifest.json",
    "series/1/frames/1.jpg",
    "series/1/frames/1.jpg?wc=40&ww=400",
    "series/1/frames.batch?from=1&count=2",
    "report.pdf",
    "images.zip",
    "dicom.zip",
)


def shown_exam(house: Services, app: Flask) -> tuple[str, FlaskClient]:
    """An exam with report and prepared pictures, and its patient's browser."""
    exam_id = register(house)
    report(house)
    house.pictures.completion.complete_now(receive_study(house, 2))
    while house.worker.run_job():
        pass
    sweep(house)
    return exam_id.hex, let_in(app, house, exam_id)


def answers(client: FlaskClient, exam_id: str) -> dict[str, int]:
    found = {}
    for address in SHOWING:
        with client.get(f"/exams/{exam_id}/{address}") as answer:  # a download keeps its place until it is closed
            found[address] = answer.status_code
    return found


def test_a_hold_takes_report_and_pictures_away_and_lifting_it_gives_them_back(house: Services, app: Flask) -> None:
    exam_id, client = shown_exam(house, app)
    try:
        assert set(answers(client, exam_id).values()) == {200}
        receive_study(house, PatientName="Wang^Jianguo=王^建国", PatientSex="M")
        assert set(answers(client, exam_id).values()) == {404}
        for address in PAGES:
            page = client.get(address.format(id=exam_id))
            assert page.status_code == 200
            assert "医院正在核对这次检查的信息，请稍后再来，或到服务台咨询" in page.text
            for secret in ("双肺纹理清晰", "未见明显异常", "陈医生", "胸部", "李*", "frames"):
                assert secret not in page.text
        house.release.holds.release_hold(register(house), "已核对", "staff:a")
        assert set(answers(client, exam_id).values()) == {200}
        assert "双肺纹理清晰" in client.get(f"/exams/{exam_id}").text
    finally:
        house.pictures.renderer.close()


def test_a_held_exam_can_be_left(house: Services, app: Flask) -> None:
    exam_id = register(house)
    receive_study(house, PatientName="Wang^Jianguo=王^建国")
    client = let_in(app, house, exam_id)
    token = client.get(f"/exams/{exam_id.hex}").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post(f"/exams/{exam_id.hex}/leave", data={"csrf_token": token}).status_code == 200
    assert client.get(f"/exams/{exam_id.hex}").status_code == 404
