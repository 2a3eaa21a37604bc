"""The study of all benchmarks: a real chest CT with 143 slices of 512², JPEG-LS, and copies with new UIDs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from bench.skipped import Skipped
from deploy.testbed.ct import part10
from deploy.testbed.shared_data import files_of

NAME = "ct-chest-nlst-101287"


def paths() -> list[Path]:
    """The files of the slices. Raises Skipped when the data set is not on this machine."""
    found = [path for path in files_of(NAME) if path.parent.name == "ct"]
    if not found:
        raise Skipped(f"the shared data set {NAME} is not on this machine")
    return found


@lru_cache(maxsize=1)
def _slices() -> list[FileDataset]:
    return [dcmread(path) for path in paths()]


@dataclass(frozen=True)
class Patient:
    """The patient of the study, as the modality and the RIS know her."""

    patient_id: str = "P1"
    family_name: str = "李"
    given_name: str = "娜"
    sex: str = "F"
    birth_date: str = "1960-01-02"
    id_number: str = "120101196001020027"

    @property
    def factor(self) -> str:
        """The factor that she types to open her exam."""
        return self.id_number[-4:]

    def in_exam(self) -> dict[str, str]:
        """The patient's fields in an exam of the RIS."""
        return {
            "patient_id": self.patient_id,
            "name": self.family_name + self.given_name,
            "phone": "13900000001",
            "id_number": self.id_number,
            "birth_date": self.birth_date,
            "sex": self.sex,
        }


PATIENT = Patient()


@dataclass(frozen=True)
class NewStudy:
    uid: str
    series_uid: str
    files: list[bytes]


def new_study(accession_number: str) -> NewStudy:
    """The slices as files of a new study of PATIENT, with new UIDs."""
    study, series = generate_uid(), generate_uid()
    files = []
    for ds in _slices():
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID = f"{PATIENT.family_name}^{PATIENT.given_name}", PATIENT.patient_id
        ds.PatientSex, ds.PatientBirthDate = PATIENT.sex, PATIENT.birth_date.replace("-", "")
        ds.AccessionNumber = accession_number
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = study, series, generate_uid()
        files.append(part10(ds))
    return NewStudy(study, series, files)
