"""Presentation states are read within bounds and drawn as they say; what makes no sense is set aside."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset

from app.dicom.part10 import HeaderLimits
from app.imaging.display.presenting import presented, presented_header
from app.imaging.display.window import to_display
from app.imaging.evidence.key_objects import KeyObjects
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.presentations import Presentations, presentations_of
from app.imaging.evidence.reading import evidence_of, read_evidence
from app.imaging.header.presentation import Presentation
from deploy.testbed.ct import ct_slice, part10
from tests.factories.evidence import item, key_object_list, polyline, presentation_state
from tests.factories.images import frame, image_header

LIMITS = HeaderLimits()
STUDY = "1.2.3"
SIDE = 20
IMAGE = ct_slice(SOPInstanceUID="1.2.3.4")
GREY = 100


def read(ds: Dataset, kind: EvidenceKind = EvidenceKind.PRESENTATION) -> Any:
    return evidence_of(kind, read_evidence(io.BytesIO(part10(ds)), kind, LIMITS))


def look(**attributes: Any) -> Presentation:
    found = read(presentation_state(STUDY, IMAGE, **attributes))
    assert isinstance(found, Presentations)
    assert found.pictures == (("1.2.3.4", (), 0),)
    return found.looks[0]


def drawn(state: Presentation) -> npt.NDArray[np.uint8]:
    header = presented_header(image_header(rows=SIDE, columns=SIDE), state)
    return presented(np.full((SIDE, SIDE), GREY, dtype=np.uint8), header)


def test_a_state_without_anything_leaves_the_picture_as_it_is() -> None:
    assert (drawn(look()) == GREY).all()


def test_a_rectangular_shutter_covers_what_is_outside_of_its_edges() -> None:
    edges = {"Left": 3, "Right": 10}
    seen = drawn(
        look(
            ShutterShape="RECTANGULAR",
            ShutterUpperHorizontalEdge=5,
            ShutterLowerHorizontalEdge=15,
            ShutterPresentationValue=0,
            **{f"Shutter{side}VerticalEdge": value for side, value in edges.items()},
        )
    )
    expected = np.zeros((SIDE, SIDE), dtype=np.uint8)
    expected[4:15, 2:10] = GREY
    assert np.array_equal(seen, expected)


def test_round_and_many_cornered_shutters_both_must_be_open() -> None:
    seen = drawn(
        look(
            ShutterShape=["CIRCULAR", "POLYGONAL"],
            CenterOfCircularShutter=[10, 10],
            RadiusOfCircularShutter=6,
            VerticesOfThePolygonalShutter=[1, 1, 1, 20, 10, 20, 10, 1],
            ShutterPresentationValue=65_535,
        )
    )
    assert seen[9, 9] == GREY
    assert seen[14, 9] == 255  # in the circle, outside of the polygon
    assert seen[4, 1] == 255  # the other way round


def test_lines_circles_ellipses_and_texts_are_drawn_where_they_are() -> None:
    line = drawn(look(GraphicAnnotationSequence=[polyline(3, 5, 12, 5)]))
    assert {tuple(place) for place in np.argwhere(line != GREY)} == {(4, column) for column in range(2, 12)}
    circle = drawn(look(GraphicAnnotationSequence=[polyline(10, 10, 10, 15, kind="CIRCLE")]))
    assert (circle[13:16, 9] != GREY).any()
    assert circle[9, 9] == GREY
    ellipse = drawn(
        look(GraphicAnnotationSequence=[polyline(3, 10, 17, 10, 10, 7, 10, 13, kind="ELLIPSE", filled="Y")])
    )
    assert ellipse[9, 9] != GREY
    relative = drawn(look(GraphicAnnotationSequence=[polyline(0.5, 0, 0.5, 1, units="DISPLAY")]))
    assert (relative[:, 9:11] != GREY).any()
    written = item(
        AnchorPoint=[2, 2], AnchorPointAnnotationUnits="PIXEL", AnchorPointVisibility="N", UnformattedTextValue="A"
    )
    text = drawn(look(GraphicAnnotationSequence=[item(GraphicLayer="L", TextObjectSequence=[written])]))
    assert (text[:14, :14] != GREY).any()
    assert (text[16:] == GREY).all()


@pytest.mark.parametrize(
    "pose", [{"ImageRotation": degrees, "ImageHorizontalFlip": flip} for degrees in (0, 90, 180, 270) for flip in "NY"]
)
def test_what_is_drawn_in_pixels_stays_on_its_pixels_however_the_picture_lies(pose: dict[str, Any]) -> None:
    lines = [polyline(3, 5, 12, 5), polyline(15, 2, 15, 19)]
    upright = drawn(look(GraphicAnnotationSequence=lines))
    assert np.array_equal(drawn(look(GraphicAnnotationSequence=lines, **pose)), upright)


def test_what_is_drawn_in_shares_is_of_the_displayed_area_as_it_lies() -> None:
    area = item(DisplayedAreaTopLeftHandCorner=[11, 1], DisplayedAreaBottomRightHandCorner=[20, 10])
    across = polyline(0.0, 0.25, 1.0, 0.25, units="DISPLAY")
    state = {"GraphicAnnotationSequence": [across], "DisplayedAreaSelectionSequence": [area]}
    rows, columns = np.nonzero(drawn(look(**state)) != GREY)
    assert set(rows) == {2}
    assert columns.min() in (9, 10)
    assert columns.max() == 19
    turned_rows, turned_columns = np.nonzero(drawn(look(ImageRotation=90, **state)) != GREY)
    assert len(set(turned_columns)) == 1  # a line across the screen runs down the picture that is turned
    assert turned_rows.min() == 0
    assert turned_rows.max() in (9, 10)
    assert 10 <= turned_columns[0] <= 13  # a quarter below the upper edge of the screen, which is the left one


def test_what_is_of_another_picture_is_not_drawn_into_this_one() -> None:
    other = item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID="9.9")
    annotation = polyline(3, 5, 12, 5)
    annotation.ReferencedImageSequence = [other]
    voi = item(ReferencedImageSequence=[other], WindowCenter=1, WindowWidth=2)
    state = look(GraphicAnnotationSequence=[annotation], SoftcopyVOILUTSequence=[voi])
    assert state.drawings == ()
    assert state.window is None


def test_its_window_and_shape_replace_those_of_the_image() -> None:
    state = look(SoftcopyVOILUTSequence=[item(WindowCenter=50, WindowWidth=100)], PresentationLUTShape="INVERSE")
    header = presented_header(image_header(photometric_interpretation="MONOCHROME1"), state)
    shown = to_display(frame(np.asarray([[0, 50, 99]], dtype=np.int16)), header)
    assert shown[0, 0] == 255
    assert shown[0, 2] == 0


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [1, 1]}, EvidenceFault.NUMBERS_ODD),
        ({"ShutterShape": "RECTANGULAR"}, EvidenceFault.NUMBERS_ODD),
        ({"GraphicAnnotationSequence": [polyline(float("nan"), 1, 2, 2)]}, EvidenceFault.NUMBERS_ODD),
        ({"GraphicAnnotationSequence": [polyline(1e30, 1, 2, 2)]}, EvidenceFault.NUMBERS_ODD),
        ({"GraphicAnnotationSequence": [polyline(1, 2, kind="ELLIPSE")]}, EvidenceFault.NUMBERS_ODD),
        ({"GraphicAnnotationSequence": [polyline(1, 2, 3, 4)] * 501}, EvidenceFault.NUMBERS_ODD),
        ({"SoftcopyVOILUTSequence": [item(WindowCenter=1, WindowWidth=0)]}, EvidenceFault.NUMBERS_ODD),
        (
            {
                "DisplayedAreaSelectionSequence": [
                    item(DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[2147483647, 4])
                ]
            },
            EvidenceFault.NUMBERS_ODD,
        ),
        ({"ReferencedSeriesSequence": []}, EvidenceFault.UNREADABLE),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.2"}, EvidenceFault.NO_WAY),
    ],
)
def test_what_makes_no_sense_is_set_aside(attributes: dict[str, Any], fault: EvidenceFault) -> None:
    with pytest.raises(SetAside) as aside:
        read(presentation_state(STUDY, IMAGE, **attributes))
    assert aside.value.fault == fault


def test_what_is_not_drawn_is_named() -> None:
    found = read(presentation_state(STUDY, IMAGE, ImageRotation=45, ShutterShape="BITMAP"))
    assert set(found.not_drawn) == {"rotation", "bitmap_shutter"}
    assert found.looks[0].turns == 0


@pytest.mark.parametrize(
    ("degrees", "flip", "pose"),
    [
        (0, "N", (0, False)),
        (90, "N", (1, False)),
        (270, "N", (3, False)),
        (0, "Y", (0, True)),
        (90, "Y", (3, True)),
        (180, "Y", (2, True)),
        (450, "N", (1, False)),
    ],
)
def test_a_rotation_and_a_flip_lay_the_picture_as_the_standard_turns_and_then_flips_it(
    degrees: int, flip: str, pose: tuple[int, bool]
) -> None:
    found = look(ImageRotation=degrees, ImageHorizontalFlip=flip)
    assert (found.turns, found.mirrored) == pose
    picture = np.arange(6).reshape(2, 3)
    wanted = np.rot90(picture, -degrees // 90)  # numpy turns to the left
    wanted = wanted[:, ::-1] if flip == "Y" else wanted
    ours = np.rot90(picture[:, ::-1] if found.mirrored else picture, -found.turns)
    assert np.array_equal(ours, wanted)


def test_the_displayed_area_is_that_of_the_picture_whatever_corner_comes_first() -> None:
    def area(first: list[int], last: list[int], **of: Any) -> Dataset:
        return item(DisplayedAreaTopLeftHandCorner=first, DisplayedAreaBottomRightHandCorner=last, **of)

    assert look(DisplayedAreaSelectionSequence=[area([3, 4], [9, 10])]).area == (2, 3, 9, 10)
    assert look(DisplayedAreaSelectionSequence=[area([9, 4], [3, 10])]).area == (2, 3, 9, 10)
    other = area([1, 1], [2, 2], ReferencedImageSequence=[item(ReferencedSOPInstanceUID="9.9")])
    assert look(DisplayedAreaSelectionSequence=[other]).area is None
    assert look().area is None


def _inside(change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    ds = presentation_state(STUDY, IMAGE, GraphicAnnotationSequence=[polyline(3, 5, 12, 5)])
    [said] = read_evidence(io.BytesIO(part10(ds)), EvidenceKind.PRESENTATION, LIMITS)
    found = json.loads(said)
    change(found)
    return [json.dumps(found).encode()]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(looks=[]),
        lambda found: found["looks"][0]["drawings"][0].update(kind="BOMB"),
        lambda found: found["looks"][0]["drawings"][0].update(points=[1, 2, 3]),
        lambda found: found["looks"][0].update(shutter_grey=256),
        lambda found: found["looks"][0].update(turns=4),
        lambda found: found["looks"][0].update(mirrored="Y"),
        lambda found: found["looks"][0].update(area=[5, 0, 5, 9]),
        lambda found: found["looks"][0].update(area=[0, 0, "9", 9]),
        lambda found: found["looks"][0].update(shutters=[{"kind": "CIRCULAR", "numbers": [1, 2]}]),
        lambda found: found["looks"][0].update(overlays=[{"rows": 1 << 30, "columns": 1 << 30, "bits": "eA=="}]),
        lambda found: found["pictures"][0].__setitem__(2, 7),
        lambda found: found.update(not_drawn=["<b>"]),
    ],
)
def test_an_answer_that_no_child_of_ours_gives_is_no_state(change: Callable[[dict[str, Any]], None]) -> None:
    presentations_of(_inside(lambda found: None))
    with pytest.raises((ValueError, LookupError, TypeError)):
        presentations_of(_inside(change))


def test_a_key_object_list_names_pictures_in_its_order_and_a_rejection_names_none() -> None:
    other = ct_slice(SOPInstanceUID="1.2.3.5")
    found = read(key_object_list(STUDY, other, IMAGE), EvidenceKind.KEY_OBJECTS)
    assert isinstance(found, KeyObjects)
    assert found.marks == (("1.2.3.5", 0), ("1.2.3.4", 0))
    rejected = read(key_object_list(STUDY, other, title="113001"), EvidenceKind.KEY_OBJECTS)
    assert rejected.marks == ()
