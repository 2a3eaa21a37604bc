"""Builds CT slices with invented content, and writes Part-10 files. No other file does either.

The patient is that of the tests' exam A1. A test that needs another kind of object makes it from a slice.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def ct_slice(side: int = 8, **attributes: Any) -> Dataset:
    """A slice of `side` x `side` pixels with fresh UIDs. `attributes` replace its own attributes; None removes one.

    Unless given, the pixels are a gradient of signed 16-bit values that begins at the instance number minus 400.
    """
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": generate_uid(None),
        "StudyInstanceUID": generate_uid(None),
        "SeriesInstanceUID": generate_uid(None),
        "StudyDate": "20260101",
        "StudyTime": "080000",
        "Modality": "CT",
        "AccessionNumber": "A1",
        "PatientName": "Li^Na=李^娜",
        "PatientID": "P1",
        "PatientSex": "F",
        "PatientBirthDate": "19600102",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "PixelSpacing": [1, 1],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, 0],
        "Rows": side,
        "Columns": side,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleSlope": 1,
        "RescaleIntercept": 0,
        "WindowCenter": 40,
        "WindowWidth": 400,
    } | attributes
    values.setdefault("PixelData", _gradient(side, int(values["InstanceNumber"] or 0)))
    dataset = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def part10(dataset: Dataset, transfer_syntax_uid: str = "") -> bytes:
    """The dataset as a Part-10 file (PS3.10 7.1). Its meta information names the SOP class and instance.

    The transfer syntax is `transfer_syntax_uid`, else that of the dataset's meta information, else explicit VR little
    endian.
    """
    meta = dataset.file_meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    if transfer_syntax_uid or "TransferSyntaxUID" not in meta:
        meta.TransferSyntaxUID = transfer_syntax_uid or ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = io.BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def ct_file(side: int = 8, **attributes: Any) -> bytes:
    """A slice as the bytes of a file."""
    return part10(ct_slice(side, **attributes))


def ct_series(count: int, **attributes: Any) -> list[bytes]:
    """`count` slices of one series, each as the bytes of a file."""
    uids = {"StudyInstanceUID": generate_uid(None), "SeriesInstanceUID": generate_uid(None)}
    return [ct_file(**(uids | {"InstanceNumber": number + 1} | attributes)) for number in range(count)]


def _gradient(side: int, start: int) -> bytes:
    return (np.arange(side * side) % 800 - 400 + start).astype(np.int16).tobytes()
