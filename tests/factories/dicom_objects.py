"""Small, valid Part-10 files with invented content."""

from __future__ import annotations

import io
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid


def ct_dataset(**attributes: Any) -> Dataset:
    """One 8 x 8 CT slice; keyword arguments replace attributes, None removes one."""
    dataset = Dataset()
    values: dict[str, Any] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "StudyDate": "20260105",
        "StudyDescription": "Chest",
        "Modality": "CT",
        "AccessionNumber": "A1001",
        "PatientName": "Wang^Xiaodong=王^小东",
        "PatientID": "P1",
        "PatientSex": "M",
        "PatientBirthDate": "19700102",
        "SeriesNumber": 2,
        "InstanceNumber": 1,
        "Rows": 8,
        "Columns": 8,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": bytes(range(128)),
    }
    for keyword, value in (values | attributes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def part10(dataset: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax_uid
    file = io.BytesIO()
    implicit = transfer_syntax_uid == ImplicitVRLittleEndian
    dataset.save_as(file, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
    return file.getvalue()


def ct_file(**attributes: Any) -> bytes:
    return part10(ct_dataset(**attributes))


def ct_series(count: int, **attributes: Any) -> list[bytes]:
    """`count` slices of one series."""
    uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    return [ct_file(**(uids | {"InstanceNumber": number + 1} | attributes)) for number in range(count)]
