"""The study everything is measured with: a real chest CT, 143 slices of 512², JPEG-LS; copies of it under new UIDs."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from bench.skipped import Skipped
from tests.shared_data import files_of

NAME = "ct-chest-nlst-101287"


def paths() -> list[Path]:
    """The slices' files. Raises Skipped where the data set is not on this machine."""
    found = [path for path in files_of(NAME) if path.parent.name == "ct"]
    if not found:
        raise Skipped(f"the shared data set {NAME} is not on this machine")
    return found


@lru_cache(maxsize=1)
def _slices() -> list[FileDataset]:
    return [dcmread(path) for path in paths()]


@dataclass(frozen=True)
class NewStudy:
    uid: str
    series_uid: str
    files: list[bytes]


def new_study(accession_number: str) -> NewStudy:
    """The slices as files of a study nobody has seen before, with the patient of `tests.factories.house.exam_body`."""
    study, series = generate_uid(), generate_uid()
    files = []
    for ds in _slices():
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "李^娜", "P1", "F", "19600102"
        ds.AccessionNumber = accession_number
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, series, generate_uid()
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        file = io.BytesIO()
        ds.save_as(file, enforce_file_format=True)
        files.append(file.getvalue())
    return NewStudy(study, series, files)
