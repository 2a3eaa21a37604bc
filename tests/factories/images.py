"""Builds image headers, and out of a plain slice enhanced CT objects and files of other transfer syntaxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import imagecodecs
import numpy as np
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import EnhancedCTImageStorage, JPEGLSLossless, RLELossless

from app.imaging.codecs.decode import EXPLICIT_LE, DecodedFrame
from app.imaging.header.image_header import ImageHeader
from deploy.testbed.ct import ct_slice, part10


def image_header(**changes: Any) -> ImageHeader:
    """A 16-bit signed CT slice of 4 x 6 pixels, unless changed."""
    values: dict[str, Any] = {
        "transfer_syntax_uid": EXPLICIT_LE,
        "modality": "CT",
        "rows": 4,
        "columns": 6,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": 16,
        "bits_stored": 16,
        "high_bit": 15,
        "signed": True,
    }
    return ImageHeader(**{**values, **changes})


def frame(pixels: Any, colour_space: str = "MONOCHROME2", lost_from: int | None = None) -> DecodedFrame:
    return DecodedFrame(np.asarray(pixels), colour_space, lost_from=lost_from)


def enhanced_ct(positions: Sequence[float], side: int = 32, **attributes: Any) -> Dataset:
    """An enhanced CT whose frames lie at these z, in this order; every pixel of a frame has the value of its z."""
    ds = ct_slice(side, **attributes)
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "PixelSpacing"):
        delattr(ds, keyword)
    del ds.ImageOrientationPatient, ds.ImagePositionPatient
    ds.SOPClassUID = EnhancedCTImageStorage
    ds.NumberOfFrames = len(positions)
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=[1, 1], SliceThickness=1)]
    shared.FrameVOILUTSequence = [_item(WindowCenter=0, WindowWidth=200)]
    shared.PixelValueTransformationSequence = [_item(RescaleSlope=1, RescaleIntercept=0, RescaleType="HU")]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [
        _item(PlanePositionSequence=[_item(ImagePositionPatient=[0, 0, z])]) for z in positions
    ]
    ds.PixelData = b"".join(np.full(side * side, round(z), dtype=np.int16).tobytes() for z in positions)
    return ds


def coded(dataset: Dataset, syntax: str) -> bytes:
    """A slice of 16-bit values as a file in JPEG-LS, JPEG 2000 or RLE without loss, or not compressed."""
    if syntax == EXPLICIT_LE:
        return part10(dataset)
    kind = "<i2" if dataset.PixelRepresentation else "<u2"
    plain = np.frombuffer(dataset.PixelData, kind).reshape(dataset.Rows, dataset.Columns)
    if syntax == RLELossless:
        dataset.compress(RLELossless, plain, encoding_plugin="pydicom", generate_instance_uid=False)
        return part10(dataset, syntax)
    frame = (
        imagecodecs.jpegls_encode(plain.view("<u2"))
        if syntax == JPEGLSLossless
        else imagecodecs.jpeg2k_encode(plain, level=0, codecformat="j2k")
    )
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return part10(dataset, syntax)


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
