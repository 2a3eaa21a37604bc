"""Prepared stacks: the frames of one object are shown in order of their places, however they are stored."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage

from app.bootstrap import Services
from app.demo.queries import studies
from app.imaging.display.window import Window
from app.imaging.sandbox.pool import RenderSpec
from app.repos.pictures.prepared import instances_of
from app.services.ingest.incoming import IncomingObject
from app.services.pictures.stacks import stacks_of
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import services
from tests.factories.images import enhanced_ct
from tests.factories.pictures_of import manifest_of, prepare
from tests.factories.telling import exam_of
from tests.shared_data import needs

PLACES = [10.0 * step for step in range(-9, 10)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()


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
    prepare(house, part10(enhanced_ct(stored)))
    shown = greys(house, 1, len(PLACES))
    assert shown == sorted(shown)
    assert shown[0] < 25
    assert shown[-1] > 230


def test_another_window_and_the_batch_show_the_same_frames(house: Services) -> None:
    stored = [30.0, -30.0, 90.0, -90.0]
    prepare(house, part10(enhanced_ct(stored)))
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
    prepare(house, part10(cine))
    shown = greys(house, 1, len(values))
    assert [sorted(shown).index(one) for one in shown] == [sorted(values).index(one) for one in values]


def slices_of_one_series(*changes: dict[str, Any]) -> list[bytes]:
    """Each of one grey, 10 for the first, 20 for the second …, as they arrive."""
    first = ct_slice(8)
    uids = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    plain: dict[str, Any] = {"WindowCenter": 127.5, "WindowWidth": 256, "RescaleIntercept": 0, "RescaleSlope": 1}
    return [
        part10(ct_slice(8, **uids, **{**plain, **more}, PixelData=np.full(64, 10 * number, np.int16).tobytes()))
        for number, more in enumerate(changes, 1)
    ]


def arrived(house: Services, n: int, frames: int) -> list[int]:
    """Which of `slices_of_one_series` are shown, by the order they came in, from 1."""
    return [round(value / 10) for value in greys(house, n, frames)]


NOWHERE: dict[str, Any] = {"InstanceNumber": None, "ImagePositionPatient": None, "ImageOrientationPatient": None}


def test_without_instance_number_the_place_decides(house: Services) -> None:
    places = [30, 0, 20, 10]
    prepare(
        house,
        *slices_of_one_series(*({"InstanceNumber": None, "ImagePositionPatient": [0, 0, z]} for z in places)),
    )
    assert arrived(house, 1, 4) == [2, 4, 3, 1]


def test_without_number_and_place_the_order_of_arrival_decides_and_never_a_text(house: Services) -> None:
    uids = ["1.2.9", "1.2.10", "1.2.8", "1.2.11"]  # in no order as texts or as numbers
    files = slices_of_one_series(*({**NOWHERE, "SOPInstanceUID": uid} for uid in uids))
    prepare(house, *files)
    assert arrived(house, 1, 4) == [1, 2, 3, 4]


def test_slices_without_a_number_come_behind_those_with_one(house: Services) -> None:
    numbers = [None, 10, 9, None]
    files = slices_of_one_series(*({**NOWHERE, "InstanceNumber": number} for number in numbers))
    prepare(house, *files)
    assert arrived(house, 1, 4) == [3, 2, 1, 4]


def test_a_localizer_of_three_planes_is_three_stacks(house: Services) -> None:
    planes = [[1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]]
    files = slices_of_one_series(
        *({"ImageOrientationPatient": plane, "InstanceNumber": n} for n, plane in enumerate(planes * 2))
    )
    prepare(house, *files)
    assert [series["frames"] for series in manifest_of(house)] == [2, 2, 2]
    assert [arrived(house, n, 2) for n in (1, 2, 3)] == [[1, 4], [2, 5], [3, 6]]


def test_b_values_are_stacks_of_their_own(house: Services) -> None:
    files = slices_of_one_series(
        *(
            {"Modality": "MR", "DiffusionBValue": b, "ImagePositionPatient": [0, 0, z]}
            for z in (5, 0)
            for b in (800.0, 0.0)
        )
    )
    prepare(house, *files)
    assert [arrived(house, n, 2) for n in (1, 2)] == [[4, 2], [3, 1]]


def test_the_b_values_of_an_enhanced_object_are_parted_too(house: Services) -> None:
    dataset = enhanced_ct([-50.0, -50.0, 50.0, 50.0])
    for at, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        diffusion = Dataset()
        diffusion.DiffusionBValue = float(1000 * (at % 2))
        group.MRDiffusionSequence = [diffusion]
    prepare(house, part10(dataset))
    assert [series["frames"] for series in manifest_of(house)] == [2, 2]


def test_the_parts_of_a_concatenation_are_one_stack(house: Services) -> None:
    whole = [-90.0, -30.0, 30.0, 60.0, 90.0]
    first = enhanced_ct(whole[:2])
    parts = []
    for number, places in enumerate((whole[:2], whole[2:4], whole[4:]), 1):
        part = enhanced_ct(
            places,
            StudyInstanceUID=first.StudyInstanceUID,
            SeriesInstanceUID=first.SeriesInstanceUID,
            ConcatenationUID="1.2.3.99",
            InConcatenationNumber=number,
            InstanceNumber=1,
        )
        parts.append(part10(part))
    other = enhanced_ct([0.0, 1.0], StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    prepare(house, parts[2], part10(other), parts[0], parts[1])
    assert [series["frames"] for series in manifest_of(house)] == [5, 2]
    shown = greys(house, 1, 5)
    assert shown == sorted(shown)
    assert len(set(shown)) == 5


def test_a_real_object_with_its_frames_out_of_order_is_shown_in_order(house: Services) -> None:
    path = needs("objects-a") / "seg" / "partial_overlaps.dcm"
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(path.read_bytes()))], "cli", "test", is_demo=True)
    with house.db.read() as session:
        (study,) = studies(session)
        instances = instances_of(session, study.id)
        for _, instance in instances:  # a segmentation is a layer and no stack, but its frames are as those of images
            instance.sop_class_uid = EnhancedCTImageStorage
        (stack,) = stacks_of(instances)
    places = [piece.header.values(piece.frame).position for piece in stack.slices if piece.header]
    assert len(places) == 7
    heights = [place[2] for place in places if place]
    assert heights == sorted(heights)
    assert [piece.frame for piece in stack.slices] != list(range(7))
