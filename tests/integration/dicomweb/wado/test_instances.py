"""Instances and their metadata come as they were stored, in the forms the client accepts; every read is audited."""

from __future__ import annotations

from collections.abc import Iterator

import pydicom
import pytest

from tests.factories.readable_study import CINE, MULTI, ONE, REPORT, SERIES, STUDY, TEXT, slices
from tests.factories.reading_machine import ReadingMachine, tag


def test_instances_come_byte_for_byte_as_received(machine: ReadingMachine) -> None:
    [(headers, content)] = machine.parts(ONE)
    assert content == slices()[1]
    assert headers["content-type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    assert headers["content-location"].endswith(ONE)
    assert [content for _, content in machine.parts(f"/studies/{STUDY}/series/{SERIES}")] == slices()
    assert len(machine.parts(f"/studies/{STUDY}")) == 5


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "multipart/related",
        'multipart/related; type="application/dicom"',
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
        'text/html, multipart/related; type="application/dicom"; q=0.1',
    ],
)
def test_accepted_forms_of_instances(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE, accept).content_type.startswith('multipart/related; type="application/dicom"; boundary=')


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/zip",
        'multipart/related; type="image/jpeg"',
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90',
    ],
)
def test_forms_that_are_not_served_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE, accept).status_code == 406


def test_a_single_instance_also_comes_alone(machine: ReadingMachine) -> None:
    answer = machine.get(ONE, "application/dicom")
    assert answer.get_data() == slices()[1]
    assert answer.content_type.startswith("application/dicom")
    assert answer.content_length == len(slices()[1])
    assert machine.get(f"/studies/{STUDY}", "application/dicom").status_code == 406


@pytest.mark.parametrize(
    "path",
    [
        "/studies/1.9",
        f"/studies/{STUDY}/series/1.9",
        f"/studies/{STUDY}/series/{SERIES}/instances/1.9",
        f"/studies/1.9/series/{SERIES}/instances/{SERIES}.2",
        "/studies/1.9/metadata",
        "/studies/1.9/thumbnail",
    ],
)
def test_unknown_uids_are_404(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/studies/abc", "/studies/1..2", "/studies/" + "1" * 65, "/studies/1.2%0a/metadata"])
def test_what_is_no_uid_is_400(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 400


def test_metadata_hold_the_header_and_name_the_bulk_data(machine: ReadingMachine) -> None:
    answer = machine.get(ONE + "/metadata")
    assert answer.content_type == "application/dicom+json"
    [item] = answer.json
    assert tag(item, "00100010") == {"Alphabetic": "Li^Na", "Ideographic": "李^娜"}
    assert tag(item, "00080005") == "ISO_IR 192"
    assert tag(item, "00280010") == 64
    assert "Value" not in item["7FE00010"]
    assert "InlineBinary" not in item["7FE00010"]
    assert item["7FE00010"]["BulkDataURI"].endswith(ONE + "/bulkdata/7FE00010")
    assert not any(name.startswith("0002") for name in item)
    assert pydicom.Dataset.from_json(item, lambda *_: b"").PatientID == "P1"


def test_metadata_of_a_study_hold_every_instance(machine: ReadingMachine) -> None:
    items = machine.get(f"/studies/{STUDY}/metadata").json
    assert {tag(item, "00080018") for item in items} == {f"{SERIES}.1", f"{SERIES}.2", f"{SERIES}.3", MULTI, REPORT}


def test_bulk_data_addresses_lead_to_the_values(machine: ReadingMachine) -> None:
    [item] = machine.get(TEXT + "/metadata").json
    path = item["00420011"]["BulkDataURI"].partition("/dicomweb")[2]
    [(_, content)] = machine.parts(path)
    assert content == b"document" * 400
    pixels = machine.get(CINE + "/metadata").json[0]["7FE00010"]["BulkDataURI"].partition("/dicomweb")[2]
    assert [content[:1] for _, content in machine.parts(pixels)] == [b"\x00", b"\x01", b"\x02", b"\x03"]
    assert machine.get(TEXT + "/bulkdata/00100010").status_code == 404
    assert machine.get(TEXT + "/bulkdata/nonsense").status_code == 400


def test_every_read_is_audited_once_with_its_study(machine: ReadingMachine) -> None:
    before = len(machine.reads())
    for path in (f"/studies/{STUDY}", ONE + "/metadata", CINE + "/frames/1,2", ONE + "/rendered"):
        with machine.get(path) as answer:
            assert answer.status_code == 200
    reads = machine.reads()[before:]
    assert [(subject, detail["what"]) for subject, detail in reads] == [
        (f"study:{STUDY}", what) for what in ("instances", "metadata", "frames", "rendered")
    ]


def test_answers_are_not_to_be_stored(machine: ReadingMachine) -> None:
    assert machine.get(ONE + "/rendered").headers["Cache-Control"] == "no-store"


def test_the_first_part_comes_before_the_last_is_read(machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streaming: the answer is not collected in memory."""
    read = []
    stream = type(machine.services.dicomweb.retrieve).stream

    def watched(self: object, found: object) -> Iterator[bytes]:
        read.append(found)
        return stream(self, found)  # type: ignore[arg-type]

    monkeypatch.setattr(type(machine.services.dicomweb.retrieve), "stream", watched)
    headers = machine.token | {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
    answer = machine.client.get(f"/dicomweb/studies/{STUDY}", headers=headers, buffered=False)
    body = answer.response
    next(iter(body))
    assert len(read) == 1
    answer.close()
