"""Serving one exam to several requests at once: what it shows is read from the database once a revision."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.repos.pictures import prepared
from app.services.pictures.serving import ShownSeries
from tests.factories.house import services
from tests.factories.telling import exam_of, receive_study, register, sweep

THREADS = 4


def test_requests_that_come_together_read_an_exam_once_and_a_new_revision_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path, quiet_period_s="1")
    register(house)
    receive_study(house)
    sweep(house, seconds=2)
    while house.worker.run_job():
        pass
    sweep(house)
    exam, read, reads = exam_of(house), prepared.shown_to_patients, []

    def slowly(session: Session, exam_id: uuid.UUID) -> Sequence[Any]:
        reads.append(exam_id)
        time.sleep(0.2)
        return read(session, exam_id)

    monkeypatch.setattr(prepared, "shown_to_patients", slowly)
    together = Barrier(THREADS)

    def ask(revision: int) -> tuple[ShownSeries, ...]:
        together.wait(30)
        return house.pictures.serving.shown(exam.id, revision)

    with ThreadPoolExecutor(THREADS) as threads:
        for revision in (exam.revision, exam.revision + 1):
            shown = list(threads.map(ask, [revision] * THREADS))
            assert len(shown[0]) == 1
            assert all(each is shown[0] for each in shown)
    assert reads == [exam.id] * 2
    house.pictures.renderer.close()
    house.db.dispose()
