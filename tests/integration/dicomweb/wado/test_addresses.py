"""The addresses in answers lead back to us, under whatever host the client knows us."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.testbed.ct import ct_file
from deploy.testbed.multipart import STOW_TYPE, body, take_apart
from tests.factories.door_app import bearer
from tests.factories.readable_study import ONE, STUDY, TEXT
from tests.factories.reading_machine import ReadingMachine, tag

OURS = "http://127.0.0.1:8000"
OTHERS: list[dict[str, str]] = [
    {"Host": "viewer.example.org"},
    {"Host": "127.0.0.1:9000"},
    {"Host": "127.0.0.1:8000", "X-Forwarded-Host": "viewer.example.org, inner.example.org"},
]
SAME: list[dict[str, str]] = [
    {"Host": "127.0.0.1:8000"},
    {"Host": "127.0.0.1"},  # a proxy may leave the port out
    {"Host": "127.0.0.1:8000", "X-Forwarded-Host": "127.0.0.1:8000"},
]


def answered(machine: ReadingMachine, path: str, host: dict[str, str], accept: str = "*/*") -> Any:
    answer = machine.client.get(path, headers=machine.token | host | {"Accept": accept})
    assert answer.status_code == 200, answer.get_data()
    return answer


def document_address(machine: ReadingMachine, host: dict[str, str]) -> str:
    [item] = answered(machine, f"/dicomweb{TEXT}/metadata", host).json
    return str(item["00420011"]["BulkDataURI"])


@pytest.mark.parametrize("host", SAME)
def test_who_knows_us_by_our_own_host_gets_absolute_addresses(machine: ReadingMachine, host: dict[str, str]) -> None:
    assert document_address(machine, host).startswith(f"{OURS}/dicomweb/studies/")
    [study] = answered(machine, "/dicomweb/studies", host).json
    assert tag(study, "00081190") == f"{OURS}/dicomweb/studies/{STUDY}"


@pytest.mark.parametrize("host", OTHERS)
def test_who_comes_by_another_host_gets_addresses_that_lead_back_there(
    machine: ReadingMachine, host: dict[str, str]
) -> None:
    address = document_address(machine, host)
    assert address == f"/dicomweb{TEXT}/bulkdata/00420011"
    assert answered(machine, address, host, "application/octet-stream").get_data() == b"document" * 400
    for path in ("/dicomweb/studies", f"/dicomweb/studies/{STUDY}/series", f"/dicomweb/studies/{STUDY}/instances"):
        assert all(tag(item, "00081190").startswith("/dicomweb/") for item in answered(machine, path, host).json)
    xml = answered(machine, f"/dicomweb{TEXT}/metadata", host, 'multipart/related; type="application/dicom+xml"')
    [(head, content)] = take_apart(xml.get_data(), xml.content_type)
    assert head["content-location"] == f"/dicomweb{TEXT}"
    assert f'uri="{address}"' in content.decode()


def test_no_host_that_a_request_names_is_told_to_anybody(machine: ReadingMachine) -> None:
    for host in OTHERS:
        for path in ("/dicomweb/studies", f"/dicomweb/studies/{STUDY}/metadata", f"/dicomweb{ONE}/frames/1"):
            answer = answered(machine, path, host)
            assert b"example.org" not in answer.get_data() + str(answer.headers).encode()


def test_a_client_that_changes_its_host_does_not_keep_the_addresses_of_the_other(machine: ReadingMachine) -> None:
    tags = {answered(machine, f"/dicomweb{TEXT}/metadata", host).headers["ETag"] for host in (*SAME, *OTHERS)}
    assert len(tags) == 2


def test_who_stores_under_another_host_is_told_addresses_there(machine: ReadingMachine) -> None:
    headers = bearer(machine.services, "upload") | {"Content-Type": STOW_TYPE} | OTHERS[0]
    answer = machine.client.post("/dicomweb/studies", data=body([ct_file(StudyInstanceUID="1.2.7.7")]), headers=headers)
    assert answer.status_code == 200
    assert tag(tag(answer.json, "00081199"), "00081190").startswith("/dicomweb/studies/1.2.7.7/series/")
    assert "example.org" not in json.dumps(answer.json)
