"""What real headers say oddly of their pixels, read as it is meant."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.dicom.part10 import HeaderLimits, parse
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import image_of
from deploy.testbed.ct import ct_slice, part10


def header_of(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> ImageHeader:
    file = io.BytesIO(part10(dataset, syntax))
    header = image_of(file, parse(file, HeaderLimits()))[0]
    assert header is not None
    return header


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("vr", "written", "signed", "bits_stored", "meant"),
    [
        ("SS", -2000, True, 16, -2000),
        ("US", 63536, True, 16, -2000),
        ("US", 63536, False, 16, 63536),
        ("SS", -1, False, 16, 65535),
        ("US", 63536, True, 12, -2000),
        ("US", 63536, False, 12, 2096),  # what the bits of such a pixel are once those that are not stored are gone
        ("SS", -32768, True, 12, 0),
    ],
)
def test_padding_has_the_sign_of_the_pixels_whatever_its_vr(
    vr: str, written: int, signed: bool, bits_stored: int, meant: int, syntax: str
) -> None:
    dataset = ct_slice(PixelRepresentation=int(signed), BitsStored=bits_stored, HighBit=bits_stored - 1)
    dataset.add(DataElement("PixelPaddingValue", vr, written))
    assert header_of(dataset, syntax).padding == (meant, meant)


def test_a_range_of_padding_is_read_from_either_end() -> None:
    dataset = ct_slice(PixelRepresentation=1)
    dataset.add(DataElement("PixelPaddingValue", "US", 63536))
    dataset.add(DataElement("PixelPaddingRangeLimit", "SS", -1000))
    assert header_of(dataset).padding == (-2000, -1000)


def with_bytes(**elements: bytes) -> Dataset:
    """A slice whose texts of numbers are these bytes."""
    dataset = ct_slice()
    for keyword, raw in elements.items():
        tag = Tag(tag_for_keyword(keyword) or 0)
        dataset[tag] = RawDataElement(tag, dictionary_VR(tag), len(raw), raw + b" " * (len(raw) % 2), 0, False, True)
    return dataset


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("center", "width", "windows"),
    [
        (b"40.0 ", b" 400", ((40, 400),)),
        (b"40\\", b"400\\", ((40, 400),)),
        (b"40\\-600", b"400", ((40, 400),)),
        (b"\\40", b"200\\400", ((40, 400),)),
        (b"40\\50", b"wide\\500", ((50, 500),)),
        (b"40\\\\-600", b"400\\100\\1500", ((40, 400), (-600, 1500))),
        (b"40\\50\\60", b"0\\-500\\600", ((60, 600),)),
        (b"40,5", b"400,25", ((40.5, 400.25),)),
        (b"+4.E+1", b".5", ((40, 0.5),)),
        (b"NaN", b"400", ()),
        (b"40", b"inf", ()),
    ],
)
def test_a_center_and_a_width_are_a_window_when_both_stand_in_the_same_place(
    center: bytes, width: bytes, windows: tuple[tuple[float, float], ...], syntax: str
) -> None:
    assert header_of(with_bytes(WindowCenter=center, WindowWidth=width), syntax).shared.windows == windows


def test_a_decimal_comma_is_read_as_it_is_meant() -> None:
    dataset = with_bytes(RescaleSlope=b"1,5", RescaleIntercept=b"-1024,5", PixelSpacing=b"0,5\\0,25", FrameTime=b"33,3")
    found = header_of(dataset)
    assert (found.shared.slope, found.shared.intercept, found.pixel_spacing) == (1.5, -1024.5, (0.5, 0.25))
    assert found.frame_time_ms == 33.3


@pytest.mark.parametrize("frames", [b"-1", b"0", b"x", b""])
def test_an_impossible_number_of_frames_is_one(frames: bytes) -> None:
    assert header_of(with_bytes(NumberOfFrames=frames)).number_of_frames == 1


@pytest.mark.parametrize(
    ("attributes", "first"),
    [
        ({"PixelRepresentation": 0, "RescaleSlope": 1, "RescaleIntercept": -1024}, -1024),
        ({"PixelRepresentation": 0, "RescaleSlope": -1, "RescaleIntercept": 0}, -1024),
        ({"PixelRepresentation": 1}, -1024),
        ({"PixelRepresentation": 0}, 64512),
    ],
)
def test_the_first_value_of_a_voi_lut_has_a_sign_where_values_before_it_may_be_negative(
    attributes: dict[str, Any], first: int
) -> None:
    table = Dataset()
    table.add(DataElement("LUTDescriptor", "US", [2, 64512, 12]))
    table.add(DataElement("LUTData", "OW", b"\0\0\xff\x0f"))
    found = header_of(ct_slice(**attributes, VOILUTSequence=[table])).voi_lut
    assert found is not None
    assert found.first == first
    after_a_table = angiogram("LIN")
    after_a_table.PixelRepresentation, after_a_table.VOILUTSequence = 1, [table]
    behind = header_of(after_a_table).voi_lut
    assert behind is not None
    assert behind.first == 64512  # what a modality LUT gives is never negative


def angiogram(relationship: str | None, modality: str = "XA", uid: str = "1.2.840.10008.5.1.4.1.1.12.1") -> Dataset:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [1024, 0, 10], "US"
    table.add(DataElement("LUTData", "OW", np.arange(1024, dtype="<u2").tobytes()))
    dataset = ct_slice(Modality=modality, SOPClassUID=uid, PixelRepresentation=0, ModalityLUTSequence=[table])
    dataset.PixelIntensityRelationship = relationship
    del dataset.RescaleSlope, dataset.RescaleIntercept
    return dataset


@pytest.mark.parametrize("relationship", ["LOG", "DISP"])
def test_an_angiogram_that_is_no_linear_measure_takes_no_modality_lut(relationship: str) -> None:
    assert header_of(angiogram(relationship)).modality_lut is None
    fluoroscopy = angiogram(relationship, "RF", "1.2.840.10008.5.1.4.1.1.12.2")
    assert header_of(fluoroscopy).modality_lut is None


@pytest.mark.parametrize("relationship", ["LIN", None])
def test_a_linear_angiogram_keeps_its_modality_lut(relationship: str | None) -> None:
    assert header_of(angiogram(relationship)).modality_lut is not None


def test_another_modality_keeps_its_modality_lut() -> None:
    assert header_of(angiogram("LOG", "DX", "1.2.840.10008.5.1.4.1.1.1.1")).modality_lut is not None


@pytest.mark.parametrize("relationship", ["LOG", "LIN"])
def test_the_rescale_of_an_angiogram_is_a_modality_lut_too(relationship: str) -> None:
    dataset = ct_slice(Modality="XA", PixelIntensityRelationship=relationship, RescaleSlope=2, RescaleIntercept=-7)
    shared = header_of(dataset).shared
    assert (shared.slope, shared.intercept) == ((1, 0) if relationship == "LOG" else (2, -7))


@pytest.mark.parametrize("group", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_an_enhanced_angiogram_says_so_in_its_functional_groups(group: str) -> None:
    properties, groups = Dataset(), Dataset()
    properties.PixelIntensityRelationship = "LOG"
    groups.FramePixelDataPropertiesSequence = [properties]
    attributes: dict[str, Any] = {group: [groups]}
    dataset = ct_slice(Modality="XA", RescaleSlope=2, RescaleIntercept=0, **attributes)
    assert header_of(dataset).shared.slope == 1
