"""Preparing a study's pictures while things happen to it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.archive.sealed import SealedArchive
from app.bootstrap import Services
from app.imaging.errors import ChildUnavailable
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.imaging.sandbox.process import Child
from app.services.ingest.incoming import IncomingObject
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import services
from tests.factories.telling import exam_of, messages, receive_study, register, study, sweep

QUIET_S = 60


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, quiet_period_s=str(QUIET_S))
    register(built)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def frames_shown(house: Services) -> int:
    exam = exam_of(house)
    return sum(series["frames"] for series in house.pictures.serving.manifest(exam.id, exam.revision)["series"])


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

    def interrupted(pool: RenderPool, tasks: Iterable[RenderTask], account: Account) -> Iterator[list[bytes]]:
        next(happening, None)
        return render_all(pool, tasks, account)

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


def test_a_late_instance_of_a_released_exam_is_shown_and_told_nobody_again(house: Services) -> None:
    uid = receive_study(house)
    work_off(house)
    assert (frames_shown(house), len(messages(house))) == (1, 1)
    before = packs_of(house)
    receive_study(house, StudyInstanceUID=uid)
    assert frames_shown(house) == 1  # as prepared before, until all is there again
    work_off(house)
    assert (frames_shown(house), len(messages(house))) == (2, 1)
    assert before.isdisjoint(packs_of(house))


def packs_of(house: Services) -> set[str]:
    return {key for key, _ in house.archive.objects.store.list("renditions/")}


def test_a_study_that_still_arrives_is_not_prepared_yet(house: Services) -> None:
    uid = receive_study(house)
    sweep(house, seconds=QUIET_S)
    receive_study(house, StudyInstanceUID=uid)
    assert not house.pictures.preparation.prepare(study(house, uid).id)
    assert study(house, uid).state == "receiving"
    work_off(house)
    assert frames_shown(house) == 2


def deflated(**attributes: object) -> bytes:
    return part10(ct_slice(**attributes), DeflatedExplicitVRLittleEndian)


def test_a_deflated_image_with_too_few_pixels_hides_no_other(house: Services) -> None:
    shared = {"StudyInstanceUID": receive_study(house), "SeriesInstanceUID": "1.2.3"}
    files = [deflated(**shared, InstanceNumber=1), deflated(**shared, InstanceNumber=2, Rows=64)]
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "test")
    work_off(house)
    exam = exam_of(house)
    assert frames_shown(house) == 3
    previews = [
        house.pictures.serving.frame(exam.id, exam.revision, n, k, preview=True) for n, k in ((1, 1), (1, 2), (2, 1))
    ]
    assert [bool(preview) for preview in previews] == [True, False, True]
    assert house.pictures.serving.render(exam.id, exam.revision, 1, 2, RenderSpec(fmt="png")) == b""


def test_a_deflated_object_that_only_has_the_size_of_an_image_is_no_image(house: Services) -> None:
    without_pixels = deflated(StudyInstanceUID=receive_study(house), PixelData=None)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(without_pixels))], "stow", "test")
    work_off(house)
    assert frames_shown(house) == 1


def test_without_a_decoder_the_preparation_waits_and_blames_no_image(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_child(*_: object) -> Child:
        raise ChildUnavailable

    receive_study(house)
    with monkeypatch.context() as patch:
        patch.setattr("app.imaging.sandbox.pool.Child", no_child)
        for _ in range(3):
            work_off(house)
    assert frames_shown(house) == 0
    work_off(house)
    assert frames_shown(house) == 1
    exam = exam_of(house)
    assert house.pictures.serving.frame(exam.id, exam.revision, 1, 1, preview=True)


def deflated_film(frames: int, **attributes: object) -> bytes:
    side = 32
    dataset = ct_slice(side, **attributes)
    dataset.NumberOfFrames = frames
    dataset.PixelData = dataset.PixelData * frames
    return part10(dataset, DeflatedExplicitVRLittleEndian)


def test_a_deflated_film_is_opened_once_for_all_its_frames(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    whole = type(house.archive.objects).open

    def counted(archive: SealedArchive, object_key: str, *more: Any) -> bytes:
        opened.append(object_key)
        return whole(archive, object_key, *more)

    monkeypatch.setattr(SealedArchive, "open", counted)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(deflated_film(100)))], "stow", "test")
    work_off(house)
    assert frames_shown(house) == 100
    assert len(opened) == 1
    exam = exam_of(house)
    spec = RenderSpec(fmt="png")
    pictures = [house.pictures.serving.render(exam.id, exam.revision, 1, k, spec) for k in range(1, 101)]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(opened) <= 1 + house.settings.decode_workers


def test_a_study_whose_time_is_used_up_is_published_with_what_was_drawn(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first stack takes all; the second one's frames count as such that cannot be drawn."""
    used = iter([0.0])

    def spent(account: Account) -> bool:
        return next(used, 1.0) > 0

    monkeypatch.setattr(Account, "is_spent", property(spent))
    uid = receive_study(house)
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(deflated_film(3, StudyInstanceUID=uid)))], "stow", "test")
    work_off(house)
    exam = exam_of(house)
    shown = house.pictures.serving.shown(exam.id, exam.revision)
    drawn = [not series.frames[k].is_empty for series in shown for k in range(series.row.frame_count)]
    assert (drawn.count(True), drawn.count(False)) == (1, 3)
    assert study(house, uid).state == "prepared"
