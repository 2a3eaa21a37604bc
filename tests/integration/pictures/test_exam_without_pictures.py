"""List and page of an exam say the same of its pictures: being prepared, or none to wait for."""

from __future__ import annotations

from flask import Flask

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.telling import mark_prepared, register, sweep

WAITING, NONE = "影像准备中", "没有可以显示的影像"


def test_list_and_page_agree_on_pictures_that_are_not_there(house: Services, app: Flask) -> None:
    exam_id = register(house)
    client = let_in(app, house, exam_id)
    page = f"/exams/{exam_id.hex}"
    assert WAITING in client.get("/exams").text
    assert "影像正在准备" in client.get(page).text
    mark_prepared(house)
    sweep(house)
    for address in ("/exams", page):
        assert NONE in client.get(address).text
        assert "准备" not in client.get(address).text
