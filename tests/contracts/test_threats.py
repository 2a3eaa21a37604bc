"""docs/threats.md names what exists: modules, tests that are collected, doors; and every door has a row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask

from app.demo.house import create_demo_app
from tests.factories.house import services
from tests.places import ROOT

NOT_YET = "not shown yet"
OPEN: set[str] = set()
"""What no test shows. A row that gets its test leaves this list; a new row may not join it in silence."""
NO_ADDRESS = {"DICOM", "flask"}
ELSEWHERE = {"backup", "database", "disk", "logs", "packages", "phone"}


class Threat(NamedTuple):
    """One row of the table; its cells as they stand."""

    who: str
    wants: str
    door: str
    stopped_by: str
    shown_by: str

    @property
    def doors(self) -> list[str]:
        return re.findall(r"`([^`]+)`", self.door)

    @property
    def modules(self) -> list[str]:
        return re.findall(r"`((?:app|sms|wechat|deploy|viewer_static|requirements)/[^`]+)`", self.stopped_by)

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`(tests/[^`]+)`", self.shown_by)


def threats() -> list[Threat]:
    lines = [line for line in (ROOT / "docs" / "threats.md").read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]
    assert all(len(row) == 5 for row in rows), [row for row in rows if len(row) != 5]
    return [Threat(*row) for row in rows]


@cache
def collected(path: Path) -> frozenset[str]:
    """Names of the tests that pytest finds in a file, without importing it."""
    if not (path.name.startswith("test_") and path.is_file()):
        return frozenset()
    body = ast.parse(path.read_text()).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def each() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("threat", threats(), ids=lambda threat: f"{threat.who} {threat.wants}")


@each()
def test_every_threat_names_who_stops_it_in_a_module_that_exists(threat: Threat) -> None:
    assert threat.modules
    assert [path for path in threat.modules if not (ROOT / path).is_file()] == []


@each()
def test_every_threat_names_tests_that_are_collected_or_is_known_to_have_none(threat: Threat) -> None:
    if threat.wants in OPEN:
        assert threat.shown_by == NOT_YET
        return
    assert threat.tests
    assert ", ".join(f"`{test}`" for test in threat.tests) == threat.shown_by
    for test in threat.tests:
        path, _, name = test.partition("::")
        assert name in collected(ROOT / path), test


def test_what_no_test_shows_is_in_the_table_and_nothing_is_there_twice() -> None:
    rows = [(threat.who, threat.wants, threat.door) for threat in threats()]
    assert len(set(rows)) == len(rows)
    assert {threat.wants for threat in threats()} >= OPEN


def test_every_group_of_addresses_the_dicom_door_and_the_commands_have_a_threat(tmp_path: Path) -> None:
    app: Flask = create_demo_app(services(tmp_path))
    groups = {"/" + rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    named = {door for threat in threats() for door in threat.doors}
    assert named == groups | NO_ADDRESS
    assert app.cli.commands


def test_a_door_without_an_address_is_one_of_the_known_ways() -> None:
    for threat in threats():
        words = re.sub(r"`[^`]+`", "", threat.door).replace(",", " ").split()
        assert set(words) <= ELSEWHERE, threat.door
        assert words or threat.doors
