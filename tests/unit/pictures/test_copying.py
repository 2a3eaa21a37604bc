"""Working copies are made at first need, once, and change no pixel; a crash, a rival or a rejection harms nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless
from sqlalchemy import func, select

from app.archive.sealed import SealedArchive
from app.bootstrap import Services
from app.errors import DatabaseUnavailable, StoreFull, StoreUnavailable
from app.imaging.codecs.working_copy import WORKING_COPY
from app.imaging.display.window import Window
from app.imaging.geometry.cuts import Plane
from app.imaging.geometry.reslice import Slab
from app.imaging.sandbox.pool import RenderPool, RenderSpec, RenderTask
from app.models import Job, PreparedSeries, WorkingPack
from app.services.pictures import working_copies
from app.services.pictures.copying import COPY_SERIES
from app.services.pictures.frame_reading import NEWS_S
from app.services.pictures.serving import CutSpec
from app.services.queue.job_queue import LONGEST_PAUSE
from deploy.testbed.ct import ct_slice
from tests.factories.house import clock_of, services
from tests.factories.images import coded
from tests.factories.pictures_of import prepare
from tests.factories.telling import exam_of

SLICES = 12
UIDS = {"StudyInstanceUID": "1.2.3.1", "SeriesInstanceUID": "1.2.3.1.1"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def stack() -> list[Dataset]:
    return [ct_slice(32, InstanceNumber=k, ImagePositionPatient=[0, 0, k], **UIDS) for k in range(1, SLICES + 1)]


def shown(house: Services, syntax: str = JPEGLSLossless) -> None:
    prepare(house, *(coded(each, syntax) for each in stack()))


def packs(house: Services) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(WorkingPack)) or 0


def jobs(house: Services) -> list[str]:
    with house.db.read() as session:
        return list(session.scalars(select(Job.state).where(Job.kind == COPY_SERIES)))


def series_id(house: Services) -> uuid.UUID:
    with house.db.read() as session:
        return session.scalars(select(PreparedSeries.id)).one()


def windowed(house: Services, k: int) -> bytes:
    exam = exam_of(house)
    spec = RenderSpec(fmt="png", window=Window(0, 300))
    return house.pictures.serving.render(exam.id, exam.revision, 1, k, spec)


def cut(house: Services) -> bytes:
    exam = exam_of(house)
    return house.pictures.serving.cut(exam.id, exam.revision, 1, CutSpec(Plane.CORONAL, 3, Slab(), "png"))


def objects(house: Services) -> list[str]:
    return [key for key, _ in house.archive.objects.store.list("renditions/")]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The transfer syntax of each task that a child gets."""
    found: list[str] = []
    render = RenderPool.render

    def noted(pool: RenderPool, task: RenderTask, *more: Any) -> list[bytes]:
        found.append(task.header.transfer_syntax_uid if task.header else "")
        return render(pool, task, *more)

    monkeypatch.setattr(RenderPool, "render", noted)
    return found


@pytest.mark.parametrize("syntax", [JPEGLSLossless, RLELossless])
@pytest.mark.parametrize("look", [lambda house: windowed(house, 2), cut])
def test_the_first_need_has_copies_made_and_later_needs_read_them(
    house: Services, drawn: list[str], syntax: str, look: Any
) -> None:
    shown(house, syntax)
    assert (packs(house), jobs(house)) == (0, [])
    before, revision = [windowed(house, 2), windowed(house, 3), look(house)], exam_of(house).revision
    assert jobs(house) == ["pending"]
    assert house.worker.run_job()
    assert (packs(house), jobs(house)) == (1, ["done"])
    assert exam_of(house).revision == revision, "downloads under way go on"
    clock_of(house).advance(NEWS_S)
    house.pictures.serving.volumes._kept.make_room(house.settings.volume_memory_mib << 20)
    drawn.clear()
    assert [windowed(house, 2), windowed(house, 3), look(house)] == before
    assert set(drawn) == {WORKING_COPY}
    assert not house.worker.run_job()


def test_a_thousand_needs_make_one_job(house: Services) -> None:
    shown(house)
    asked = house.pictures.copying.ask
    for _ in range(1000):
        asked(series_id(house))
    assert jobs(house) == ["pending"]
    house.pictures.copying._asked.make_room(1 << 20)  # as another process, which knows nothing of it
    asked(series_id(house))
    assert jobs(house) == ["pending"]


def test_preparation_copies_at_once_what_opens_slowly_and_never_what_opens_at_once(house: Services) -> None:
    shown(house, JPEG2000Lossless)
    assert packs(house) == 1
    windowed(house, 2)
    assert jobs(house) == []


def test_originals_that_are_not_compressed_need_no_copy(house: Services) -> None:
    shown(house, ExplicitVRLittleEndian)
    windowed(house, 2)
    cut(house)
    assert (packs(house), jobs(house)) == (0, [])


def test_copies_that_were_deleted_are_made_again_when_they_are_needed_again(house: Services) -> None:
    shown(house)
    windowed(house, 2)
    assert house.worker.run_job()
    clock_of(house).advance(timedelta(days=house.settings.working_copy_days, hours=13).total_seconds())
    assert house.pictures.copies.remove_unused() == 1
    assert windowed(house, 3)  # the exam as this process read it still names the pack
    assert house.worker.run_job()
    assert packs(house) == 1


def test_a_busy_database_makes_nobody_wait_and_the_next_frame_asks(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    enqueue = type(house.queue).enqueue

    def busy(*_: object) -> None:
        raise DatabaseUnavailable("locked")

    monkeypatch.setattr(type(house.queue), "enqueue", busy)
    assert windowed(house, 2)
    monkeypatch.setattr(type(house.queue), "enqueue", enqueue)
    assert jobs(house) == []
    assert windowed(house, 2)
    assert jobs(house) == ["pending"]


def test_a_rival_that_was_first_keeps_its_copies_and_ours_are_deleted(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    put_pack, rivals = SealedArchive.put_pack, []

    def overtaken(archive: SealedArchive, *given: Any) -> Any:
        if not rivals:
            rivals.append(True)
            assert house.pictures.copying.make(series_id(house))
        return put_pack(archive, *given)

    monkeypatch.setattr(SealedArchive, "put_pack", overtaken)
    before = len(objects(house))
    assert not house.pictures.copying.make(series_id(house))
    assert packs(house) == 1
    assert len(objects(house)) == before + 1


def test_a_series_that_was_prepared_anew_meanwhile_gets_no_copies_of_before(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    put_pack, before = SealedArchive.put_pack, series_id(house)

    def outdated(archive: SealedArchive, *given: Any) -> Any:
        monkeypatch.setattr(SealedArchive, "put_pack", put_pack)
        prepare(house, coded(ct_slice(32, InstanceNumber=9, ImagePositionPatient=[0, 0, 9], **UIDS), JPEGLSLossless))
        return put_pack(archive, *given)

    monkeypatch.setattr(SealedArchive, "put_pack", outdated)
    assert not house.pictures.copying.make(before)
    assert series_id(house) != before
    assert packs(house) == 0
    assert len(objects(house)) == 2  # previews and frames of the new one
    assert not house.pictures.copying.make(before)


def test_a_store_that_fails_leaves_no_row_and_the_job_is_tried_again(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    windowed(house, 2)
    put_pack = SealedArchive.put_pack

    def fails(*_: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(SealedArchive, "put_pack", fails)
    assert house.worker.run_job()
    assert (packs(house), jobs(house)) == (0, ["pending"])
    monkeypatch.setattr(SealedArchive, "put_pack", put_pack)
    clock_of(house).advance(3600)
    assert house.worker.run_job()
    assert packs(house) == 1
    assert windowed(house, 2)


def fills_up(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A store that takes `after` packs, and then has no room left."""
    put_pack, taken = SealedArchive.put_pack, []

    def full(archive: SealedArchive, *given: Any) -> Any:
        if len(taken) == after:
            raise StoreFull("no room")
        taken.append(True)
        return put_pack(archive, *given)

    monkeypatch.setattr(SealedArchive, "put_pack", full)


def test_a_store_that_fills_up_while_copies_are_written_keeps_none_of_them(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    before = objects(house)
    monkeypatch.setattr(working_copies, "PACK_BYTES", 1)
    fills_up(monkeypatch, after=SLICES // 2)
    copying, which = house.pictures.copying, series_id(house)
    with pytest.raises(StoreFull):
        copying.make(which)
    assert packs(house) == 0
    assert sorted(objects(house)) == sorted(before)


def test_a_commit_whose_answer_was_lost_keeps_the_packs_that_its_rows_name(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(house)
    publish = type(house.pictures.copying)._publish

    def unanswered(*given: Any) -> None:
        publish(*given)
        raise DatabaseUnavailable("the answer is lost")

    monkeypatch.setattr(type(house.pictures.copying), "_publish", unanswered)
    copying, which = house.pictures.copying, series_id(house)
    with pytest.raises(DatabaseUnavailable):
        copying.make(which)
    assert packs(house) == 1
    clock_of(house).advance(NEWS_S)
    assert windowed(house, 2)
    assert not list(house.operations.archive_check.orphans())


@pytest.mark.parametrize("after", range(3))
def test_a_store_that_fills_up_while_a_study_is_prepared_keeps_none_of_its_packs(
    house: Services, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    with monkeypatch.context() as filling:
        fills_up(filling, after)
        prepare(house, *(coded(each, JPEG2000Lossless) for each in stack()))
        assert objects(house) == []
        assert not list(house.operations.archive_check.orphans())
    clock_of(house).advance(LONGEST_PAUSE.total_seconds())
    assert house.worker.run_job()
    assert packs(house) == 1
    assert len(objects(house)) == 3
