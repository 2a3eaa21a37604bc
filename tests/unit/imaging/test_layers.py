"""Segments and contours lie over the right pixels of the right frames; odd ones are set aside."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydicom import Dataset

from app.dicom.part10 import HeaderLimits, parse
from app.imaging.display.layers import Below, ContourLayer, SegmentLayer
from app.imaging.evidence.contours import Contours, contours_of
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.reading import evidence_of, read_evidence
from app.imaging.evidence.segments import Segments, segments_of
from app.imaging.header.image_header import FrameValues
from app.imaging.header.image_index import image_of
from app.imaging.header.reading import read_header
from deploy.testbed.ct import part10
from tests.factories.evidence import item, segmentation, structure_set
from tests.factories.images import image_header
from tests.factories.volumes import POSITIONS
from tests.shared_data import needs

LIMITS = HeaderLimits()
SIDE = 32
STUDY = "1.2.3"
SQUARE = np.zeros((SIDE, SIDE), dtype=bool)
SQUARE[4:8, 10:16] = True
Values = npt.NDArray[np.generic]


def below(
    position: Sequence[float] = (0, 0, 0),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    spacing: tuple[float, float] = (1, 1),
    uid: str = "1.2",
    **changes: Any,
) -> Below:
    values = FrameValues(position=tuple(position), orientation=tuple(orientation), spacing=spacing)  # type: ignore[arg-type]
    return Below(image_header(**{"rows": SIDE, "columns": SIDE, "shared": values, **changes}), 0, uid)


def read(ds: Dataset) -> Any:
    kind = EvidenceKind.SEGMENTS if ds.Modality == "SEG" else EvidenceKind.CONTOURS
    return evidence_of(kind, read_evidence(io.BytesIO(part10(ds)), kind, LIMITS))


def layer(ds: Dataset) -> SegmentLayer:
    found = read(ds)
    assert isinstance(found, Segments)
    return SegmentLayer(found, read_header(ds, "1.2.840.10008.1.2.1"))


def opaque(png: bytes) -> npt.NDArray[np.bool_]:
    return np.asarray(Image.open(io.BytesIO(png)))[..., 3] > 0


def drawn(ds: Dataset, over: Below, masks: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    return opaque(layer(ds).drawn(over, lambda at: masks[at].astype(np.uint16)))


def test_a_mask_of_the_same_grid_lies_where_it_was_drawn() -> None:
    assert np.array_equal(drawn(segmentation(STUDY, [SQUARE], [(0, 0, 0)]), below(), [SQUARE]), SQUARE)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_mask_of_another_grid_lies_at_the_same_place_in_the_patient(position: str) -> None:
    """Half as large pixels, rows and columns swapped or turned round, another corner: the same square of space."""
    orientation = np.asarray(POSITIONS[position], dtype=float)
    across, down = orientation[:3], orientation[3:]
    steps = np.arange(2 * SIDE) * 0.5
    corner = np.asarray([12.5, 5.5, 0]) - steps.mean() * (across + down)
    places = corner + steps[None, :, None] * across + steps[:, None, None] * down
    x, y = places[..., 0], places[..., 1]
    fine = (x >= 9.6) & (x <= 15.4) & (y >= 3.6) & (y <= 7.4)
    ds = segmentation(STUDY, [fine], [corner], spacing=(0.5, 0.5), orientation=orientation)
    assert np.array_equal(drawn(ds, below(), [fine]), SQUARE)


def test_each_frame_has_the_segment_of_its_own_place_and_none_beyond() -> None:
    other = SQUARE[::-1]
    ds = segmentation(STUDY, [SQUARE, other], [(0, 0, 0), (0, 0, 2)])
    masks = [SQUARE, other]
    assert np.array_equal(drawn(ds, below((0, 0, 0.4)), masks), SQUARE)
    assert np.array_equal(drawn(ds, below((0, 0, 1.8)), masks), other)
    for over in (
        below((0, 0, 4)),
        below((0, 0, -2)),
        below(orientation=(1, 0, 0, 0, 0, -1)),
        below((0, 0, 0), (1, 0, 0, 0, 0.6, 0.8)),
    ):
        assert not layer(ds).frames_over(over)
        with pytest.raises(LookupError):
            layer(ds).drawn(over, lambda at: SQUARE)


def test_in_another_frame_of_reference_only_the_picture_it_was_drawn_on_counts() -> None:
    ds = segmentation(STUDY, [SQUARE], [(0, 0, 0)], FrameOfReferenceUID="1.9")
    assert layer(ds).frames_over(below(frame_of_reference_uid="1.9"))
    assert not layer(ds).frames_over(below(frame_of_reference_uid="1.8"))
    source = item(ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID="1.77")
    ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence = [item(SourceImageSequence=[source])]
    assert layer(ds).frames_over(below(frame_of_reference_uid="1.8", uid="1.77"))


def test_segments_keep_their_colours_and_an_undecodable_frame_leaves_nothing() -> None:
    ds = segmentation(STUDY, [SQUARE, SQUARE[::-1]], [(0, 0, 0), (0, 0, 0)], numbers=[1, 2])
    ds.SegmentSequence[0].RecommendedDisplayCIELabValue = [34885, 53485, 50171]  # sRGB red
    png = layer(ds).drawn(below(), lambda at: [SQUARE, SQUARE[::-1]][at].astype(np.uint16))
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    red, green, blue, _ = (int(part) for part in pixels[5, 12])
    assert red > 240
    assert max(green, blue) < 15
    assert tuple(pixels[SIDE - 6, 12][:3]) != tuple(pixels[5, 12][:3])
    assert layer(ds).drawn(below(), lambda at: None) == b""


def test_a_contour_is_filled_where_its_numbers_say_and_a_hole_stays_open() -> None:
    outer = (10, 4, 0, 20, 4, 0, 20, 14, 0, 10, 14, 0)
    hole = (13, 7, 0, 17, 7, 0, 17, 11, 0, 13, 11, 0)
    found = read(structure_set(STUDY, outer, hole))
    assert isinstance(found, Contours)
    seen = opaque(ContourLayer(found).drawn(below()))
    assert seen[5, 11]
    assert seen[13, 19]
    assert not seen[9, 15]
    assert not seen[2:3].any()
    assert not seen[:, 22:].any()
    with pytest.raises(LookupError):
        ContourLayer(found).drawn(below((0, 0, 5)))


def test_points_and_open_lines_are_drawn_and_cover_nothing() -> None:
    for kind, points in (("POINT", (12, 12, 0)), ("OPEN_PLANAR", (2, 2, 0, 20, 2, 0, 20, 20, 0))):
        found = read(structure_set(STUDY, points, kind=kind))
        seen = opaque(ContourLayer(found).drawn(below()))
        assert 0 < seen.sum() < 150


def _changed(change: Callable[[Dataset], None]) -> Dataset:
    ds = segmentation(STUDY, [SQUARE], [(0, 0, 0)])
    change(ds)
    return ds


def _many(ds: Dataset) -> None:
    ds.SegmentSequence = [item(SegmentNumber=number) for number in range(1, 65_536)]


def _more_frames(ds: Dataset) -> None:
    ds.NumberOfFrames = 2


def _none(ds: Dataset) -> None:
    ds.SegmentSequence = []


@pytest.mark.parametrize(
    ("ds", "fault"),
    [
        (_changed(_many), EvidenceFault.TOO_MANY_PARTS),
        (_changed(_more_frames), EvidenceFault.UNREADABLE),
        (_changed(_none), EvidenceFault.UNREADABLE),
        (structure_set(STUDY), EvidenceFault.UNREADABLE),
        (structure_set(STUDY, (1, 2)), EvidenceFault.UNREADABLE),
        (structure_set(STUDY, (1, 2, 1e300)), EvidenceFault.NUMBERS_ODD),
    ],
)
def test_what_makes_no_sense_is_set_aside(ds: Dataset, fault: EvidenceFault) -> None:
    with pytest.raises(SetAside) as aside:
        read(ds)
    assert aside.value.fault == fault


@pytest.mark.parametrize("number", [b"nan  ", b"inf  ", b"x.0.0"])
def test_contours_that_are_no_numbers_are_set_aside(number: bytes) -> None:
    raw = part10(structure_set(STUDY, (111, 0, 0)))
    assert raw.count(b"111.0") == 1
    with pytest.raises(SetAside):
        read_evidence(io.BytesIO(raw.replace(b"111.0", number)), EvidenceKind.CONTOURS, LIMITS)


@pytest.mark.parametrize(
    "odd",
    [
        below(orientation=(0, 0, 0, 0, 0, 0)),
        below(orientation=(1, 0, 0, 1, 0, 0)),
        below(spacing=(0, 1)),
        below(spacing=(float("nan"), 1)),
        below(position=(float("nan"), 0, 0)),
        below(position=(1e30, 0, 0)),
    ],
)
def test_a_frame_whose_place_makes_no_sense_has_no_layer(odd: Below) -> None:
    assert odd.plane is None
    assert not layer(segmentation(STUDY, [SQUARE], [(0, 0, 0)])).frames_over(odd)
    found = read(structure_set(STUDY, (1, 1, 0, 9, 1, 0, 9, 9, 0)))
    assert not ContourLayer(found).contours_over(odd)


def test_an_answer_that_no_child_of_ours_gives_is_no_layer() -> None:
    for parts in ([b"{}"], [b'{"segments": [[1, "a", [0, 0, 256]]], "frames": [], "full": 1, "is_label_map": false}']):
        with pytest.raises((ValueError, LookupError, TypeError)):
            segments_of(parts)
    nan = np.full(3, np.nan).tobytes()
    for parts in ([b"{}", b""], [b'{"regions": [[1, "a", [0, 0, 0], ""]], "contours": [[0, 0, 1, true]]}', nan]):
        with pytest.raises((ValueError, LookupError, TypeError)):
            contours_of(parts)


def test_a_real_segmentation_lies_over_the_pictures_that_it_names() -> None:
    folder = needs("objects-a") / "seg"
    with (folder / "liver.dcm").open("rb") as file:
        parsed = parse(file, LIMITS)
        found = evidence_of(EvidenceKind.SEGMENTS, read_evidence(file, EvidenceKind.SEGMENTS, LIMITS))
        header, _, _ = image_of(file, parsed)
    assert isinstance(found, Segments)
    assert header is not None
    assert [segment.label for segment in found.segments] == ["Liver"]
    real = SegmentLayer(found, header)
    for path in sorted((folder / "ct").glob("*.dcm")):
        with path.open("rb") as file:
            ct = parse(file, LIMITS)
            image, _, _ = image_of(file, ct)
        assert image is not None
        uid = str(ct.dataset.SOPInstanceUID)
        (over,) = real.frames_over(Below(image, 0, uid))
        assert found.frames[over][1] == uid
