"""What is made anew for a patient costs others nothing: a session has few places, and another session its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.bootstrap import Services
from app.services.paper.paper import Paper
from app.services.pictures.serving import Pictures
from tests.factories.access import Issued, issued, opened


class Slow:
    """Stands for the work of a view; it ends when the test says so."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()

    def __call__(self, *_: Any, **__: Any) -> bytes:
        self.begun.release()
        assert self.gate.wait(30)
        return b"%PDF made anew"


@pytest.mark.parametrize(
    ("service", "method", "address", "places"),
    [
        (Pictures, "render", "series/1/frames/1.png", 4),
        (Pictures, "cut", "series/1/mpr/axial/1.png", 4),
        (Pictures, "cut", "series/1/mpr/axial/oblique.png?turn=0.8,0.6,0,0&mm=0", 4),
        (Paper, "download", "report.pdf", 1),
    ],
)
def test_a_session_that_takes_all_its_places_is_told_to_wait_and_others_are_served(
    house: Services,
    app: Flask,
    exam: Issued,
    monkeypatch: pytest.MonkeyPatch,
    service: type,
    method: str,
    address: str,
    places: int,
) -> None:
    assert house.settings.web_threads == 8
    slow, other = Slow(), issued(house, "B1", patient_name="王五", patient_id="P9")
    monkeypatch.setattr(service, method, slow)
    monkeypatch.setattr(Pictures, "keeps_volume", lambda *_: False)
    greedy, patient = opened(app, exam), opened(app, other)
    cookie = greedy.get_cookie("cf-patient")
    assert cookie is not None

    def ask(exam_id: str, value: str) -> int:
        client = app.test_client()
        client.set_cookie("cf-patient", value)
        return client.get(f"/exams/{exam_id}/{address}").status_code

    with ThreadPoolExecutor(places + 1) as threads:
        try:
            under_way = [threads.submit(ask, exam.exam_id, cookie.value) for _ in range(places)]
            for _ in range(places):
                assert slow.begun.acquire(timeout=30)
            refused = greedy.get(f"/exams/{exam.exam_id}/{address}")
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            its_cookie = patient.get_cookie("cf-patient")
            assert its_cookie is not None
            others = threads.submit(ask, other.exam_id, its_cookie.value)
            assert slow.begun.acquire(timeout=30)
        finally:
            slow.gate.set()
        assert [one.result() for one in (*under_way, others)] == [200] * (places + 1)
    assert greedy.get(f"/exams/{exam.exam_id}/{address}").status_code == 200
