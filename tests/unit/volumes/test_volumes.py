"""Volumes of a study from its arrival to a cut: which series has one, what it shows, and how much memory it takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import JPEG2000Lossless
from sqlalchemy import select

from app.bootstrap import Services
from app.errors import NotFound
from app.imaging.display.window import Window
from app.imaging.geometry.cuts import Plane
from app.imaging.geometry.reslice import Slab, SlabMode
from app.models import WorkingPack
from app.services.pictures.serving import CutSpec
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import clock_of, services
from tests.factories.images import coded, enhanced_ct
from tests.factories.pictures_of import manifest_of, png_of, prepare
from tests.factories.telling import exam_of

SIDE, SLICES, GAP = 32, 12, 2.5
UIDS = {"StudyInstanceUID": "1.2.3.1", "SeriesInstanceUID": "1.2.3.1.1"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def phantom() -> npt.NDArray[np.int16]:
    """Every voxel has a value of its own."""
    k, j, i = np.meshgrid(np.arange(SLICES), np.arange(SIDE), np.arange(SIDE), indexing="ij")
    return (k * 60 + j * 7 + i * 3 - 500).astype(np.int16)


def stack(voxels: npt.NDArray[Any] | None = None, **changes: Any) -> list[bytes]:
    return [part10(each) for each in slices(voxels, **changes)]


def slices(voxels: npt.NDArray[Any] | None = None, **changes: Any) -> list[Dataset]:
    voxels = phantom() if voxels is None else voxels
    return [
        ct_slice(
            SIDE,
            **{
                **UIDS,
                "InstanceNumber": k + 1,
                "ImagePositionPatient": [0, 0, GAP * k],
                "PixelData": plane.tobytes(),
                **{name: value(k) if callable(value) else value for name, value in changes.items()},
            },
        )
        for k, plane in enumerate(voxels)
    ]


def cut(house: Services, plane: Plane, k: int, *, n: int = 1, slab: Slab | None = None) -> npt.NDArray[np.uint8]:
    exam = exam_of(house)
    spec = CutSpec(plane, k, slab or Slab(), "png", Window(500.5, 2001))
    return np.asarray(Image.open(io.BytesIO(house.pictures.serving.cut(exam.id, exam.revision, n, spec))))


def grey(units: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return (np.clip((units - 500.0) / 2000 + 0.5, 0, 1) * 255 + 0.5).astype(np.uint8)


def test_a_stack_is_cut_in_three_planes_with_square_millimetres(house: Services) -> None:
    prepare(house, *stack())
    [series] = manifest_of(house)
    assert series["mpr"] == {"axial": SLICES, "coronal": SIDE, "sagittal": SIDE}
    assert series["mpr_reason"] is None
    voxels = phantom()
    for k in range(SLICES):
        assert np.array_equal(cut(house, Plane.AXIAL, k + 1), grey(voxels[k]))
    coronal = cut(house, Plane.CORONAL, 5)
    assert coronal.shape == (SLICES * GAP, SIDE)
    sagittal = cut(house, Plane.SAGITTAL, 7)
    # the picture's 30 rows of 1 mm have their centres between the slices' ones, from head to feet
    heights = np.clip((SLICES * GAP - 0.5 - np.arange(30)) / GAP - 0.5, 0, SLICES - 1)
    for row, height in enumerate(heights):
        below, above = int(height), min(int(height) + 1, SLICES - 1)
        mixed = voxels[below] * (1 - height + below) + voxels[above] * (height - below)
        assert np.abs(coronal[row].astype(int) - grey(mixed[4])).max() <= 1
        assert np.abs(sagittal[row].astype(int) - grey(mixed[:, 6])).max() <= 1
    for plane, k in ((Plane.AXIAL, 0), (Plane.AXIAL, SLICES + 1), (Plane.SAGITTAL, SIDE + 1)):
        with pytest.raises(NotFound):
            cut(house, plane, k)


def test_the_slope_of_each_slice_counts_and_a_negative_one_turns_greatest_and_least(house: Services) -> None:
    """As in PET, where each slice has its own slope."""
    voxels = phantom()
    prepare(house, *stack(RescaleSlope=lambda k: 1 + k / 8, RescaleIntercept=lambda k: k))
    assert np.array_equal(cut(house, Plane.AXIAL, 9), grey(voxels[8] * 2.0 + 8))
    other = {"StudyInstanceUID": "1.2.3.1", "SeriesInstanceUID": "1.2.3.1.2", "SeriesNumber": 2}
    prepare(house, *stack(RescaleSlope=-1, **other))
    thick = Slab(2 * GAP, SlabMode.GREATEST)
    assert np.array_equal(cut(house, Plane.AXIAL, 5, n=2, slab=thick), grey(-voxels[3].astype(int)))


def test_a_slice_that_came_twice_counts_once_and_other_pixels_at_its_place_make_no_volume(house: Services) -> None:
    twice = stack()[4]
    again = part10(
        ct_slice(
            SIDE, **UIDS, InstanceNumber=99, ImagePositionPatient=[0, 0, GAP * 4], PixelData=phantom()[4].tobytes()
        )
    )
    assert twice != again
    prepare(house, *stack(), again)
    [series] = manifest_of(house)
    assert series["frames"] == SLICES + 1
    assert series["mpr"]["axial"] == SLICES
    assert np.array_equal(cut(house, Plane.AXIAL, 6), grey(phantom()[5]))
    late = ct_slice(SIDE, **UIDS, InstanceNumber=98, ImagePositionPatient=[0, 0, GAP * 4])
    prepare(house, part10(late))
    [series] = manifest_of(house)
    assert series["mpr"] is None
    assert "同一位置有多幅图像" in series["mpr_reason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "有误"),
        ({"ImagePositionPatient": None}, "没有空间位置"),
        ({"PixelSpacing": None}, "没有空间位置"),
        ({"ImagePositionPatient": lambda k: [0, 0, GAP * (k + (k > 5))]}, "缺少部分层面"),
        ({"PixelRepresentation": lambda k: k % 2}, "灰度不能比较"),
        ({"FrameOfReferenceUID": lambda k: f"1.2.{k % 2}"}, "不一致"),
    ],
    ids=["no directions", "no position", "no spacing", "a slice missing", "other values", "other frames of reference"],
)
def test_a_stack_without_a_certain_geometry_says_why_it_is_not_cut(
    house: Services, changes: dict[str, Any], words: str
) -> None:
    prepare(house, *stack(**changes))
    series = manifest_of(house)[0]
    assert series["mpr"] is None
    assert words in series["mpr_reason"]
    with pytest.raises(NotFound):
        cut(house, Plane.AXIAL, 1)


def test_an_enhanced_image_of_many_frames_is_a_volume(house: Services) -> None:
    image = enhanced_ct([10.0, 0.0, 30.0, 20.0, 40.0, 50.0], **UIDS)
    prepare(house, part10(image))
    [series] = manifest_of(house)
    assert series["mpr"] == {"axial": 6, "coronal": 32, "sagittal": 32}
    for k in range(6):
        assert np.array_equal(cut(house, Plane.AXIAL, k + 1), grey(np.full((32, 32), 10.0 * k)))


def test_without_its_working_copy_the_same_cuts_and_windows_come_from_the_originals(house: Services) -> None:
    prepare(house, *(coded(each, JPEG2000Lossless) for each in slices()))
    before = cut(house, Plane.CORONAL, 3), png_of(house, k=3)
    with house.db.read() as session:
        packs = list(session.scalars(select(WorkingPack)))
    assert [(pack.first_frame, len(packs)) for pack in packs] == [(1, 1)]
    clock_of(house).advance(timedelta(days=house.settings.working_copy_days, hours=13).total_seconds())
    assert house.pictures.copies.remove_unused() == 1
    assert packs[0].object_key not in [key for key, _ in house.archive.objects.store.list("renditions/")]
    house.pictures.serving.volumes._kept.make_room(house.settings.volume_memory_mib << 20)
    assert np.array_equal(cut(house, Plane.CORONAL, 3), before[0])
    assert np.array_equal(png_of(house, k=3), before[1])
    assert house.pictures.copies.remove_unused() == 0


def test_a_copy_that_is_needed_stays(house: Services) -> None:
    prepare(house, *(coded(each, JPEG2000Lossless) for each in slices()))
    days = house.settings.working_copy_days
    for _ in range(3):
        clock_of(house).advance(timedelta(days=days - 1).total_seconds())
        png_of(house, k=2)
        assert house.pictures.copies.remove_unused() == 0


def test_volumes_together_stay_within_their_bytes(house: Services) -> None:
    """Each is built only after the others made room, and one that is too large alone is made coarser."""
    prepare(house, *stack())
    exam = exam_of(house)
    [shown] = house.pictures.serving.shown(exam.id, exam.revision)
    assert shown.plan is not None
    volumes = type(house.pictures.serving.volumes)(
        renderer=house.pictures.renderer, most_bytes=2 * SLICES * SIDE * SIDE
    )
    read = house.pictures.serving.reading.of_volume(shown, shown.plan)
    coarse = volumes.loaded(shown.row.id, shown.plan, read)
    assert coarse.volume.voxels.shape == (SLICES, SIDE // 2, SIDE // 2)
    assert volumes._kept._weighed == coarse.nbytes <= 1.5 * SLICES * SIDE * SIDE
    means = phantom().reshape(SLICES, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))
    assert np.array_equal(coarse.volume.voxels, np.rint(means))
    assert coarse.cuts == shown.cuts
    import uuid

    for _ in range(5):
        volumes.loaded(uuid.uuid4(), shown.plan, read)
        assert volumes._kept._weighed <= 2 * SLICES * SIDE * SIDE


def test_one_volume_is_built_once_for_all_who_ask_together(house: Services) -> None:
    from concurrent.futures import ThreadPoolExecutor

    prepare(house, *stack())
    exam = exam_of(house)
    [shown] = house.pictures.serving.shown(exam.id, exam.revision)
    assert shown.plan is not None
    reads: list[int] = []
    read = house.pictures.serving.reading.of_volume(shown, shown.plan)

    def counted(at: int, specs: Any) -> Any:
        reads.append(at)
        return read(at, specs)

    plan = shown.plan
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(lambda _: house.pictures.serving.volumes.loaded(shown.row.id, plan, counted), range(4))
        )
    assert all(one is found[0] for one in found)
    assert sorted(reads) == list(range(SLICES))
