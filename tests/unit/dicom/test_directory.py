"""A DICOMDIR is written whatever the headers say that its keys come from: one odd file spoils no download."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from app.dicom.directory import RECORD_TYPES, FiledInstance, FiledSeries, FiledStudy, dicomdir
from app.dicom.part10 import HeaderLimits
from app.imaging.header.stored_header import StoredQuestion, Wanted, answer_of
from app.services.pictures.takeaway import header_in
from deploy.testbed.ct import ct_slice, part10

STORAGE, EXPLICIT = "1.2.840.10008.5.1.4.1.1.", "1.2.840.10008.1.2.1"
ODD: tuple[dict[str, Any], ...] = (
    {"0040A043": {"vr": "LO", "Value": ["abc"]}},
    {"0040A043": {"vr": "US", "Value": [3]}},
    {"0040A043": {"vr": "SQ", "Value": [{"00080100": {"vr": "US", "Value": [3]}}]}},
    {"00080023": {"vr": "US", "Value": [3]}},
    {"00080033": {"vr": "LO", "Value": ["x"]}},
    {"0040A491": {"vr": "US", "Value": [70000]}},
    {"00280008": {"vr": "LO", "Value": ["x"]}},
    {"00280008": {"vr": "SV", "Value": [-1]}},
    {"00280010": {"vr": "UL", "Value": [70000]}},
    {"00280010": {"vr": "LO", "Value": ["text"]}},
    {"00080005": {"vr": "US", "Value": [7]}},
    {"00100010": {"vr": "SQ", "Value": [{}]}},
    {"00100020": {"vr": "OB", "InlineBinary": "AAAA"}},
)


def written(end: str, header: Dataset) -> Dataset:
    instance = FiledInstance(("DICOM", "IM1"), STORAGE + end, "1.2.3", EXPLICIT, 1, 0, header)
    study = FiledStudy("1.2", header, [FiledSeries("1.2.1", "OT", 1, [instance])])
    return dcmread(io.BytesIO(dicomdir("FILES", "1.2.9", [study])))


@pytest.mark.parametrize("end", [*RECORD_TYPES, "88.11", "9.1.1", "11.1"])
@pytest.mark.parametrize(
    "said", ODD, ids=lambda said: "-".join(f"{tag}-{element['vr']}" for tag, element in said.items())
)
def test_what_does_not_suit_its_key_is_left_empty(said: dict[str, Any], end: str) -> None:
    header = header_in(json.dumps(said).encode())
    assert header is not None
    records = written(end, header).DirectoryRecordSequence
    assert [record.DirectoryRecordType for record in records][:3] == ["PATIENT", "STUDY", "SERIES"]
    assert records[3].ReferencedFileID == ["DICOM", "IM1"]


def test_of_a_header_of_a_million_elements_a_child_tells_few() -> None:
    """The process that serves patients makes objects of what it is told."""
    header = ct_slice(8, PatientID="P" * 60, StudyDescription="x" * 50_000)
    for group in range(0x0101, 0x0201, 2):
        for element in range(0x1000, 0x1100):
            header.add_new((group, element), "LO", "x" * 40)
    file = part10(header)
    question = StoredQuestion(Wanted.DIRECTORY, "", EXPLICIT, None)
    told = answer_of(question, io.BytesIO(file), b"", HeaderLimits()).data
    assert len(file) > 1024 * 1024
    assert len(told) < 2048
    read = header_in(told)
    assert read is not None
    assert (read.PatientID, "StudyDescription" in read) == ("P" * 60, False)


def test_what_suits_is_kept() -> None:
    said = {"00280010": {"vr": "US", "Value": [512]}, "00080023": {"vr": "DA", "Value": ["20260302"]}}
    header = header_in(json.dumps(said).encode())
    assert header is not None
    record = written("4.2", header).DirectoryRecordSequence[3]
    assert (record.Rows, record.ContentDate, record.Columns) == (512, "20260302", None)
