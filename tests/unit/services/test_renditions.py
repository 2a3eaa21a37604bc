"""Preparing a study's pictures while things happen to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.imaging.sandbox import RenderPool, RenderTask
from tests.factories.house import services
from tests.factories.telling import exam_of, receive_study, register, study, sweep

QUIET_S = 60


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, quiet_period_s=str(QUIET_S))
    register(built)
    yield built
    built.renderer.close()
    built.db.dispose()


def frames_shown(house: Services) -> int:
    exam = exam_of(house)
    return sum(series["frames"] for series in house.pictures.manifest(exam.id, exam.revision)["series"])


def work_off(house: Services) -> None:
    """Until nothing is left, however long the quiet period is."""
    for _ in range(5):
        sweep(house, seconds=QUIET_S)
        while house.worker.run_job():
            pass
    sweep(house)


def while_rendering(house: Services, monkeypatch: pytest.MonkeyPatch, happening: Iterator[None]) -> None:
    """Each time pictures are made, one more step of `happening` takes place."""
    render_all = RenderPool.render_all

    def interrupted(pool: RenderPool, tasks: Iterable[RenderTask]) -> Iterator[list[bytes]]:
        next(happening, None)
        return render_all(pool, tasks)

    monkeypatch.setattr(RenderPool, "render_all", interrupted)


def test_instances_that_arrive_before_and_while_a_study_is_prepared_are_all_shown(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = receive_study(house)
    sweep(house, seconds=QUIET_S)
    receive_study(house, StudyInstanceUID=uid)  # after completion, before the job

    def arriving() -> Iterator[None]:
        receive_study(house, StudyInstanceUID=uid)
        yield

    while_rendering(house, monkeypatch, arriving())
    house.worker.run_job()
    work_off(house)
    assert frames_shown(house) == 3
    assert study(house, uid).state == "prepared"


def test_a_study_that_still_arrives_is_not_prepared_yet(house: Services) -> None:
    uid = receive_study(house)
    sweep(house, seconds=QUIET_S)
    receive_study(house, StudyInstanceUID=uid)
    assert not house.renditions.prepare(study(house, uid).id)
    assert study(house, uid).state == "receiving"
    work_off(house)
    assert frames_shown(house) == 2
