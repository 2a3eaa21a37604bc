"""Metadata in XML and in gzip, and bulk data on every level."""

from __future__ import annotations

import gzip
import json
from xml.etree import ElementTree

import pytest

from app.dicom.native_xml import NAMESPACE, from_xml
from tests.factories.readable_study import CINE, NATIVE, ONE, SERIES, STUDY, TEXT
from tests.factories.reading_machine import ReadingMachine

XML = 'multipart/related; type="application/dicom+xml"'


@pytest.mark.parametrize("path", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}", ONE, TEXT])
def test_xml_says_what_json_says(machine: ReadingMachine, path: str) -> None:
    documents = [content for _, content in machine.parts(path + "/metadata", XML)]
    objects = machine.get(path + "/metadata").json
    assert [from_xml(document) for document in documents] == objects
    root = ElementTree.fromstring(documents[0])
    assert root.tag == f"{{{NAMESPACE}}}NativeDicomModel"
    patient = root.find(f"*[@keyword='PatientName']/{{{NAMESPACE}}}PersonName")
    assert patient is not None
    assert patient.findtext(f"{{{NAMESPACE}}}Ideographic/{{{NAMESPACE}}}FamilyName") == "李"


def test_one_instance_also_comes_as_one_document(machine: ReadingMachine) -> None:
    answer = machine.get(ONE + "/metadata", "application/dicom+xml")
    assert answer.content_type == "application/dicom+xml"
    assert from_xml(answer.get_data())["00080018"]["Value"] == [f"{SERIES}.2"]
    several = machine.get(f"/studies/{STUDY}/metadata", "application/dicom+xml")
    assert several.content_type.startswith("multipart/related")


def test_metadata_come_in_gzip_to_who_takes_it(machine: ReadingMachine) -> None:
    plain = machine.get(ONE + "/metadata")
    packed = machine.client.get(f"/dicomweb{ONE}/metadata", headers=machine.token | {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert json.loads(gzip.decompress(packed.get_data())) == plain.json
    tag = machine.token | {"If-None-Match": packed.headers["ETag"]}
    assert machine.client.get(f"/dicomweb{ONE}/metadata", headers=tag).status_code == 304


@pytest.mark.parametrize("level", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}0", CINE])
def test_pixel_data_are_there_on_every_level(machine: ReadingMachine, level: str) -> None:
    parts = machine.parts(level + "/pixeldata", NATIVE)
    films = [content for headers, content in parts if f"{CINE}/frames/" in headers["content-location"]]
    assert films == [bytes([frame]) * 64 for frame in range(4)]


def test_all_bulk_data_of_a_study_come_with_their_addresses(machine: ReadingMachine) -> None:
    found = machine.parts(f"/studies/{STUDY}/bulkdata")
    parts = {headers["content-location"]: content for headers, content in found}
    named = [
        element["BulkDataURI"]
        for item in machine.get(f"/studies/{STUDY}/metadata").json
        for element in item.values()
        if "BulkDataURI" in element
    ]
    assert len(named) == 5
    for address in named:
        if not address.endswith("7FE00010"):
            assert parts.pop(address) == b"document" * 400
    assert len(parts) == 3 + 4  # frames


def test_bulk_data_come_alone_and_in_ranges(machine: ReadingMachine) -> None:
    whole = machine.get(TEXT + "/bulkdata/00420011", "application/octet-stream")
    assert (whole.content_type, whole.get_data()) == ("application/octet-stream", b"document" * 400)
    headers = machine.token | {"Accept": "application/octet-stream", "Range": "bytes=8-11"}
    part = machine.client.get(f"/dicomweb{TEXT}/bulkdata/00420011", headers=headers)
    assert (part.status_code, part.get_data()) == (206, b"docu")
    film = machine.get(CINE + "/bulkdata/7FE00010", "application/octet-stream")
    assert film.get_data() == b"".join(bytes([frame]) * 64 for frame in range(4))
    assert machine.get(CINE + "/frames/2", "application/octet-stream").get_data() == b"\x01" * 64
    assert machine.get(CINE + "/frames/1,2", "application/octet-stream").status_code == 406


def test_what_has_no_pixels_has_no_pixel_data(machine: ReadingMachine) -> None:
    assert machine.get(TEXT + "/pixeldata").status_code == 404
    assert machine.get("/studies/1.9/pixeldata").status_code == 404
    assert machine.get(ONE + "/pixeldata", "text/html").status_code == 406
