"""A study to read over WADO-RS: three slices, a film and a report."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from pydicom.uid import ImplicitVRLittleEndian

from deploy.testbed.ct import ct_slice, part10

STUDY, SERIES, MULTI, REPORT = "1.2.3.1", "1.2.3.1.1", "1.2.3.1.7", "1.2.3.1.8"
NATIVE = 'multipart/related; type="application/octet-stream"'


def slices() -> list[bytes]:
    """Three images of 64 x 48, a ramp each."""
    files = []
    for number in range(3):
        ramp = (np.arange(64 * 48, dtype="<u2") + number).tobytes()
        dataset = ct_slice(
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=SERIES,
            SOPInstanceUID=f"{SERIES}.{number + 1}",
            InstanceNumber=number + 1,
            Rows=64,
            Columns=48,
            PixelData=ramp,
            BitsStored=16,
            HighBit=15,
            RescaleSlope="1",
            RescaleIntercept="-1024",
        )
        files.append(part10(dataset))
    return files


def multi_frame() -> bytes:
    pixels = b"".join(bytes([frame]) * 64 for frame in range(4))
    return part10(
        ct_slice(
            StudyInstanceUID=STUDY,
            SeriesInstanceUID=f"{SERIES}0",
            SOPInstanceUID=MULTI,
            NumberOfFrames=4,
            BitsAllocated=8,
            BitsStored=8,
            HighBit=7,
            PixelData=pixels,
        ),
        ImplicitVRLittleEndian,
    )


def report() -> bytes:
    gone = dict.fromkeys(
        (
            "Rows",
            "Columns",
            "SamplesPerPixel",
            "PhotometricInterpretation",
            "BitsAllocated",
            "BitsStored",
            "HighBit",
            "PixelRepresentation",
            "PixelData",
        ),
    )
    dataset = ct_slice(
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=f"{SERIES}1",
        SOPInstanceUID=REPORT,
        Modality="SR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        **gone,
    )
    dataset.add_new(0x00091010, "LO", "PRIVATE")
    dataset.EncapsulatedDocument = b"document" * 400
    return part10(dataset)


ONE = f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.2"
CINE = f"/studies/{STUDY}/series/{SERIES}0/instances/{MULTI}"
TEXT = f"/studies/{STUDY}/series/{SERIES}1/instances/{REPORT}"


def picture(answer: object) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(Image.open(io.BytesIO(answer.get_data())))  # type: ignore[attr-defined]
