"""Builds image headers and small DICOM files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, generate_uid

from app.imaging.codecs.decode import EXPLICIT_LE
from app.imaging.header.image_header import ImageHeader


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


def ct_slice(side: int = 32, **attributes: Any) -> Dataset:
    """A small CT slice with fresh UIDs; its pixels are a gradient that differs from instance to instance."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = generate_uid(None)
    ds.StudyInstanceUID = generate_uid(None)
    ds.SeriesInstanceUID = generate_uid(None)
    ds.Modality = "CT"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "Li^Na=李^娜", "P1", "F", "19600102"
    ds.AccessionNumber = "A1"
    ds.StudyDate, ds.StudyTime = "20260101", "080000"
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.RescaleSlope, ds.RescaleIntercept = 1, 0
    ds.WindowCenter, ds.WindowWidth = 40, 400
    ds.PixelSpacing = [1, 1]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [0, 0, 0]
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    start = int(ds.InstanceNumber or 0)
    ds.PixelData = (np.arange(side * side, dtype=np.int16) % 800 - 400 + start).tobytes()
    return ds


def part10(ds: Dataset) -> bytes:
    """The dataset as a Part-10 file."""
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


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


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
