"""What the service offers, and which pages of other origins may read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.factories.readable_study import ONE, slices
from tests.factories.reading_machine import ReadingMachine

VIEWER = "https://viewer.example.org"
ASKED = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[ReadingMachine]:
    machine = ReadingMachine(tmp_path)
    yield machine
    machine.close()


def _let_in(machine: ReadingMachine, *origins: str) -> None:
    found = machine.services
    machine.client.application.extensions["cloudfilm"] = replace(
        found, settings=replace(found.settings, dicomweb_origins=origins)
    )


def test_options_tell_every_address_with_its_methods(machine: ReadingMachine) -> None:
    accept = {"Accept": "application/vnd.sun.wadl+xml"}
    answer = machine.client.options("/dicomweb/", headers=machine.token | accept)
    assert (answer.status_code, answer.content_type) == (200, "application/vnd.sun.wadl+xml")
    namespace = "{http://wadl.dev.java.net/2009/02}"
    found = ElementTree.fromstring(answer.get_data()).iter(namespace + "resource")
    methods = {item.attrib["path"]: {method.attrib["name"] for method in item} for item in found}
    assert methods["studies"] == {"GET", "POST"}
    assert methods["studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames/{frame_list}"] == {"GET"}
    told = machine.client.options("/dicomweb/", headers=machine.token | {"Accept": "application/json"}).json
    assert {item["path"]: set(item["methods"]) for item in told} == methods
    assert machine.client.options("/dicomweb/", headers=machine.token | {"Accept": "text/csv"}).status_code == 406
    assert machine.client.options("/dicomweb/").status_code == 401


def test_a_page_of_the_setting_may_ask_and_read(machine: ReadingMachine) -> None:
    machine.hold(*slices())
    _let_in(machine, VIEWER)
    asked = machine.client.options("/dicomweb/studies", headers={"Origin": VIEWER, **ASKED})
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == VIEWER
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    read = machine.client.get(f"/dicomweb{ONE}", headers=machine.token | {"Origin": VIEWER})
    assert read.headers["Access-Control-Allow-Origin"] == VIEWER
    assert "Origin" in read.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in read.headers
    refused = machine.client.get(f"/dicomweb{ONE}", headers={"Origin": VIEWER})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, VIEWER)


@pytest.mark.parametrize("origin", ["https://evil.example", VIEWER + ".evil.example", "null", "*", ""])
def test_a_page_of_another_origin_may_not(machine: ReadingMachine, origin: str) -> None:
    for let_in in ((VIEWER,), ()):
        _let_in(machine, *let_in)
        asked = machine.client.options("/dicomweb/studies", headers={"Origin": origin, **ASKED})
        assert asked.status_code == 401
        assert not [name for name, _ in asked.headers if name.startswith("Access-Control")]
    _let_in(machine, VIEWER)
    elsewhere = machine.client.options("/exams", headers={"Origin": VIEWER, **ASKED})
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
