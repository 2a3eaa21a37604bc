"""README, docs and decisions name only what exists: files, folders, tests, commands; and the map of rooms is whole."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec

import pytest
from flask import Flask

from app import cli
from tests.factories.documents import Document, documents, is_there
from tests.places import ROOT

MAP = re.compile(r"^\| (`(?:app|sms|templates|tests)\b[^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
"""Rows of the map of rooms: rooms, what lives there, open it when."""


def named(document: Document, pattern: str) -> set[str]:
    return {found for command in document.commands for found in re.findall(pattern, command)}


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.path.name)
def test_every_path_a_document_names_exists(document: Document) -> None:
    assert [path for path in document.paths() if not is_there(path)] == []


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.path.name)
def test_every_link_of_a_document_leads_somewhere(document: Document) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", document.prose)
    assert [target for target in targets if not (document.path.parent / target).exists()] == []


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.path.name)
def test_every_test_a_document_names_exists(document: Document) -> None:
    for path, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", document.text):
        tree = ast.parse((ROOT / path).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{path}::{name}"


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.path.name)
def test_every_command_a_document_names_exists(document: Document) -> None:
    targets = set(re.findall(r"^([\w./]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named(document, r"^make ([\w./]+)") <= targets
    app = Flask(__name__)
    cli.register(app)
    assert named(document, r"^flask ([a-z-]+)") <= set(app.cli.commands)
    assert [module for module in named(document, r"-m ([a-z_.]+)") if find_spec(module) is None] == []


def test_the_map_names_every_room_of_services_and_of_the_rest() -> None:
    places = [
        place for room, _, _ in MAP.findall((ROOT / "README.md").read_text()) for place in re.findall(r"`(.+?)`", room)
    ]
    services = {
        f"app/services/{path.name}" for path in (ROOT / "app" / "services").iterdir() if (path / "__init__.py").exists()
    }
    floors = {f"app/{path.name}" for path in (ROOT / "app").iterdir() if (path / "__init__.py").exists()}
    assert services <= set(places), services - set(places)
    assert floors - {"app/services"} <= set(places), floors - set(places)
    assert len(places) == len(set(places))


def test_a_file_of_the_maps_last_column_lies_in_the_room_of_its_row() -> None:
    rows = MAP.findall((ROOT / "README.md").read_text())
    assert rows
    for cell, _, symptoms in rows:
        rooms = [ROOT / place for place in re.findall(r"`(.+?)`", cell)]
        for name in re.findall(r"`([\w./]+\.py)`", symptoms):
            places = [room / name for room in rooms if room.is_dir()] + [room for room in rooms if room.name == name]
            assert any(place.is_file() for place in (*places, ROOT / name)), (cell, name)
