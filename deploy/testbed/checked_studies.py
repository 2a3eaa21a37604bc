"""The studies that the checks are about: a CT series, a film in RLE, a report with a long document. All invented."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from deploy.testbed.ct import ct_slice, part10

A, B = "1.2.826.0.1.3680043.10.511.1", "1.2.826.0.1.3680043.10.511.2"
CT, FILM, SR = f"{A}.1", f"{B}.1", f"{B}.2"
STUDY, SERIES, ONE = f"/studies/{A}", f"/studies/{A}/series/{CT}", f"/studies/{A}/series/{CT}/instances/{CT}.2"
RLE = f"/studies/{B}/series/{FILM}/instances/{FILM}.1"
REPORT = f"/studies/{B}/series/{SR}/instances/{SR}.1"
DOCUMENT = b"document " * 400


def slices() -> list[bytes]:
    step = Dataset()
    step.ScheduledProcedureStepID, step.RequestedProcedureID = "SPS1", "RP1"
    return [
        part10(
            ct_slice(
                StudyInstanceUID=A,
                SeriesInstanceUID=CT,
                SOPInstanceUID=f"{CT}.{number}",
                InstanceNumber=number,
                AccessionNumber="CHECKA1",
                PatientName="Check^Anna=检查^安娜",
                PatientID="CHECK1",
                StudyDate="20260105",
                StudyTime="093000",
                StudyID="S1",
                StudyDescription="Chest check",
                SeriesDescription="Thin",
                ReferringPhysicianName="House^Gregory",
                PerformedProcedureStepStartDate="20260105",
                RequestAttributesSequence=[step],
                Rows=16,
                Columns=12,
                PixelData=(np.arange(192, dtype="<i2") + number).tobytes(),
            ),
            ImplicitVRLittleEndian if number == 3 else pydicom.uid.ExplicitVRLittleEndian,
        )
        for number in (1, 2, 3)
    ]


def film() -> bytes:
    pixels = np.repeat(np.arange(4, dtype="u1"), 64).reshape(4, 8, 8)
    plain = ct_slice(
        StudyInstanceUID=B,
        SeriesInstanceUID=FILM,
        SOPInstanceUID=f"{FILM}.1",
        AccessionNumber="CHECKB2",
        PatientName="Test^Bert",
        PatientID="CHECK2",
        PatientSex="M",
        StudyDate="20260220",
        StudyTime="141500",
        Modality="MR",
        NumberOfFrames=4,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
        PixelData=pixels.tobytes(),
    )
    compressed = pydicom.dcmread(io.BytesIO(part10(plain)))
    compressed.compress(RLELossless, generate_instance_uid=False)
    return part10(compressed, RLELossless)


def report() -> bytes:
    pixels = ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored")
    gone: dict[str, Any] = dict.fromkeys((*pixels, "HighBit", "PixelRepresentation", "PixelData"))
    dataset = ct_slice(
        StudyInstanceUID=B,
        SeriesInstanceUID=SR,
        SOPInstanceUID=f"{SR}.1",
        AccessionNumber="CHECKB2",
        PatientName="Test^Bert",
        PatientID="CHECK2",
        PatientSex="M",
        Modality="SR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
        **gone,
    )
    dataset.EncapsulatedDocument = DOCUMENT
    return part10(dataset)
