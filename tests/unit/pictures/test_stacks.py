"""Prepared stacks: the frames of one object are shown in order of their places, however they are stored."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.bootstrap import Services
from app.demo.queries import studies
from app.imaging.display.window import Window
from app.imaging.sandbox.pool import RenderSpec
from app.repos.pictures.prepared import instances_of
from app.services.ingest.incoming import IncomingObject, Stored
from app.services.pictures.stacks import stacks_of
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import services
from tests.factories.images import enhanced_ct
from tests.factories.telling import exam_of, register, sweep
from tests.shared_data import needs

PLACES = [10.0 * step for step in range(-9, 10)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()


def show(house: Services, *files: bytes) -> None:
    """Files of the exam A1 arrive, are prepared and released."""
    outcomes = house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "test")
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    register(house)
    for uid in {outcome.study_instance_uid for outcome in outcomes}:
        assert uid is not None
        house.pictures.completion.complete_now(uid)
    while house.worker.run_job():
        pass
    sweep(house)


def greys(house: Services, n: int, frames: int) -> list[int]:
    exam = exam_of(house)
    pictures = [house.pictures.serving.frame(exam.id, exam.revision, n, k, preview=False) for k in range(1, frames + 1)]
    return [grey(picture) for picture in pictures]


def grey(picture: bytes) -> int:
    return round(float(np.asarray(Image.open(io.BytesIO(picture)).convert("L")).mean()))


def test_the_frames_of_an_enhanced_ct_are_shown_along_its_normal(house: Services) -> None:
    stored = PLACES.copy()
    random.Random(7).shuffle(stored)
    assert stored != PLACES
    show(house, part10(enhanced_ct(stored)))
    shown = greys(house, 1, len(PLACES))
    assert shown == sorted(shown)
    assert shown[0] < 25
    assert shown[-1] > 230


def test_another_window_and_the_batch_show_the_same_frames(house: Services) -> None:
    stored = [30.0, -30.0, 90.0, -90.0]
    show(house, part10(enhanced_ct(stored)))
    exam = exam_of(house)
    spec = RenderSpec(fmt="jpg", window=Window(0, 400))
    wide = [grey(house.pictures.serving.render(exam.id, exam.revision, 1, k, spec)) for k in range(1, 5)]
    assert wide == sorted(wide)
    assert len(set(wide)) == 4
    previews = house.pictures.serving.batch(exam.id, exam.revision, 1, 1, 4, preview=True)
    assert [grey(picture) for picture in previews] == sorted(grey(picture) for picture in previews)


def test_the_frames_of_a_cine_keep_their_order(house: Services) -> None:
    values = [5, -80, 60, -20]
    cine = ct_slice(32, Modality="US", WindowCenter=0, WindowWidth=200)
    del cine.ImageOrientationPatient, cine.ImagePositionPatient
    cine.NumberOfFrames = len(values)
    cine.PixelData = b"".join(np.full(32 * 32, value, dtype=np.int16).tobytes() for value in values)
    show(house, part10(cine))
    shown = greys(house, 1, len(values))
    assert [sorted(shown).index(one) for one in shown] == [sorted(values).index(one) for one in values]


def test_a_real_object_with_its_frames_out_of_order_is_shown_in_order(house: Services) -> None:
    path = needs("objects-a") / "seg" / "partial_overlaps.dcm"
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(path.read_bytes()))], "cli", "test", is_demo=True)
    with house.db.read() as session:
        (study,) = studies(session)
        (stack,) = stacks_of(instances_of(session, study.id))
    places = [piece.header.values(piece.frame).position for piece in stack.slices if piece.header]
    assert len(places) == 7
    heights = [place[2] for place in places if place]
    assert heights == sorted(heights)
    assert [piece.frame for piece in stack.slices] != list(range(7))
