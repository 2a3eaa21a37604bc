"""A study of as many slices as are wanted, in a transfer syntax of choice, for what grows with the number of slices. It
is the study of `bench.study`, continued by its own slices backwards and forwards, 1 mm apart. No measuring.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, generate_uid

from bench.study import PATIENT, NewStudy, paths
from deploy.testbed.ct import part10

SLICES = 300
SYNTAXES = {"raw": ExplicitVRLittleEndian, "JPEG-LS": JPEGLSLossless, "JPEG 2000": JPEG2000Lossless}


def long_study(accession_number: str, syntax: str = "JPEG-LS", slices: int = SLICES) -> NewStudy:
    """The slices as files of a new study of the benchmarks' patient, with new UIDs."""
    study, series = generate_uid(), generate_uid()
    return NewStudy(study, series, list(_files(accession_number, study, series, syntax, slices)))


def _files(accession_number: str, study: str, series: str, syntax: str, wanted: int) -> Iterator[bytes]:
    slices, pixels = [ds for ds, _ in _slices()], _pixels(syntax)
    there_and_back = [*range(len(slices)), *reversed(range(len(slices)))]
    for number in range(wanted):
        at = there_and_back[number % len(there_and_back)]
        ds = slices[at]
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID = f"{PATIENT.family_name}^{PATIENT.given_name}", PATIENT.patient_id
        ds.PatientSex, ds.PatientBirthDate = PATIENT.sex, PATIENT.birth_date.replace("-", "")
        ds.AccessionNumber, ds.InstanceNumber = accession_number, number + 1
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, series, generate_uid()
        ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], number]
        ds.PixelData = pixels[at]
        ds["PixelData"].is_undefined_length = SYNTAXES[syntax].is_compressed
        ds["PixelData"].VR = "OB" if SYNTAXES[syntax].is_compressed else "OW"
        yield part10(ds, SYNTAXES[syntax])


@lru_cache(maxsize=1)
def _slices() -> list[tuple[FileDataset, bytes]]:
    """Each header with its encoded frame, in order of position."""
    read = sorted((dcmread(path) for path in paths()), key=lambda ds: float(ds.ImagePositionPatient[2]))
    return [(ds, next(generate_frames(ds.PixelData, number_of_frames=1))) for ds in read]


@lru_cache(maxsize=1)
def _pixels(syntax: str) -> list[bytes]:
    """The pixel element of each slice, in order of position."""
    frames = [frame for _, frame in _slices()]
    if syntax == "JPEG-LS":
        return [encapsulate([frame]) for frame in frames]
    plain: list[npt.NDArray[np.int16]] = [imagecodecs.jpegls_decode(frame).view(np.int16) for frame in frames]
    if syntax == "raw":
        return [values.tobytes() for values in plain]
    return [encapsulate([imagecodecs.jpeg2k_encode(values, level=0, codecformat="j2k")]) for values in plain]
