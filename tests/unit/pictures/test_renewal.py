"""Pictures that an older release prepared are made anew, and shown until they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from app.bootstrap import Services
from app.imaging.header.image_header import READING
from app.imaging.header.stored_header import StoredAnswer, StoredBytes
from app.models import Instance, PreparedSeries, Study
from app.services.pictures.preparation import PREPARED_VERSION
from deploy.testbed.ct import ct_slice, part10
from tests.factories.headers_here import HeadersHere
from tests.factories.house import services
from tests.factories.own_header_pool import OwnPool, memory_bomb, time_bomb
from tests.factories.pictures_of import prepare
from tests.factories.telling import exam_of, register, sweep


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    register(built)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def rows(house: Services) -> tuple[Study, Instance, list[PreparedSeries]]:
    with house.db.read() as session:
        return session.query(Study).one(), session.query(Instance).one(), session.query(PreparedSeries).all()


def make_old(house: Services) -> None:
    """As an older release left it: it read no pixel aspect, and drew by other rules."""
    with house.db.session() as session:
        instance = session.query(Instance).one()
        header = dict(instance.image_header or {})
        assert header.pop("reading") > 1
        header.pop("pixel_aspect")
        instance.image_header = header
        session.query(Study).one().prepared_version = PREPARED_VERSION - 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_headers_are_read_anew_and_pictures_made_anew(house: Services, syntax: str) -> None:
    prepare(house, part10(ct_slice(32, PixelSpacing=[2, 1]), syntax))
    study, instance, (before,) = rows(house)
    assert study.prepared_version == PREPARED_VERSION
    make_old(house)
    sweep(house)
    exam = exam_of(house)
    assert rows(house)[0].state == "complete"
    assert house.pictures.serving.frame(exam.id, exam.revision, 1, 1, preview=True)  # the old one
    assert house.worker.run_job()
    renewed, read_anew, (after,) = rows(house)
    assert (renewed.state, renewed.prepared_version) == ("prepared", PREPARED_VERSION)
    assert renewed.prepared_revision == renewed.revision == study.revision + 1
    assert read_anew.image_header == instance.image_header
    assert after.id != before.id
    assert exam_of(house).revision > exam.revision
    sweep(house)
    assert not house.worker.run_job()


def test_a_header_that_cannot_be_read_anew_stays_and_its_pictures_are_made(house: Services) -> None:
    prepare(house, part10(ct_slice(32, PixelSpacing=[2, 1])))
    make_old(house)
    old = rows(house)[1].image_header

    class Unreadable(HeadersHere):
        def stored(self, _asked: StoredBytes) -> StoredAnswer:
            return StoredAnswer({"header": None})

    object.__setattr__(house.pictures.preparation.headers, "reader", Unreadable())
    sweep(house)
    assert house.worker.run_job()
    study, instance, _ = rows(house)
    assert study.prepared_version == PREPARED_VERSION
    assert instance.image_header == old


@pytest.mark.parametrize("bomb", [memory_bomb, time_bomb])
def test_a_header_that_kills_a_child_is_set_aside_and_the_others_are_read(
    house: Services, bomb: Callable[..., bytes]
) -> None:
    uids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}
    sound = [ct_slice(32, PixelSpacing=[2, 1], SOPInstanceUID=f"1.2.3.4.{number}", **uids) for number in range(4)]
    prepare(house, *map(part10, sound), bomb(SOPInstanceUID="1.2.3.4.9", **uids))
    with house.db.session() as session:
        for row in session.query(Instance):
            row.image_header = {**row.image_header, "reading": 1} if row.image_header else None
        session.query(Study).one().prepared_version = PREPARED_VERSION - 1
    pool = OwnPool(2, 1, 400 << 20)
    object.__setattr__(house.pictures.preparation.headers, "reader", pool)
    sweep(house)
    assert house.worker.run_job()
    pool._children.close()
    with house.db.read() as session:
        read = {row.sop_instance_uid: (row.image_header or {}).get("reading", 1) for row in session.query(Instance)}
    assert {uid for uid, reading in read.items() if reading == READING} == {f"1.2.3.4.{number}" for number in range(4)}
    assert rows_prepared(house) == PREPARED_VERSION


def rows_prepared(house: Services) -> int | None:
    with house.db.read() as session:
        return session.query(Study).one().prepared_version


def test_nothing_is_made_anew_while_a_study_waits_for_its_pictures(house: Services) -> None:
    prepare(house, part10(ct_slice(32, PixelSpacing=[2, 1])))
    make_old(house)
    with house.db.session() as session:
        house.queue.enqueue(session, "prepare_study", f"{'0' * 32}:1")
    assert house.pictures.renewal.renew_outdated() == 0


def test_a_study_that_changes_meanwhile_is_left_to_its_own_preparation(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(house, part10(ct_slice(32, PixelSpacing=[2, 1])))
    make_old(house)
    from app.repos.pictures import renewal as repo

    found = repo.outdated

    def then_changed(*arguments: Any) -> list[Study]:
        studies = found(*arguments)
        with house.db.session() as session:
            row = session.query(Study).one()
            row.revision, row.state = row.revision + 1, "receiving"
        return studies

    monkeypatch.setattr(repo, "outdated", then_changed)
    assert house.pictures.renewal.renew_outdated() == 0
    assert rows(house)[0].state == "receiving"
    assert house.queue.claim() is None
