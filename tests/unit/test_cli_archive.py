"""`flask ingest` and `flask verify-archive` as an operator sees them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from tests.factories.dicom_objects import ct_series


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings.from_env({"CLOUDFILM_PROFILE": "demo", "CLOUDFILM_VAR_DIR": str(tmp_path / "var")}))


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    for number, data in enumerate(ct_series(3)):
        (folder / f"{number}.dcm").write_bytes(data)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        for number, data in enumerate(ct_series(2)):
            archive.writestr(f"{number}.dcm", data)
    return folder


def test_a_folder_with_a_zip_is_taken_in_and_verifies(app: Flask, sent: Path) -> None:
    result = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert result.exit_code == 0, result.output
    assert "5 stored, 0 already there, 0 in conflict, 0 refused" in result.output
    result = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert "0 stored, 5 already there" in result.output
    result = app.test_cli_runner().invoke(args=["verify-archive"])
    assert result.exit_code == 0, result.output
    assert "5 objects read, 0 faults, 0 without a row" in result.output


def test_refused_files_are_named_and_make_the_exit_code_1(app: Flask, sent: Path) -> None:
    (sent / "notes.txt").write_text("no image")
    result = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert result.exit_code == 1
    assert "notes.txt: not a DICOM Part-10 file (in quarantine)" in result.output
    assert "5 stored, 0 already there, 0 in conflict, 1 refused" in result.output


def test_damage_makes_the_exit_code_1(app: Flask, sent: Path, tmp_path: Path) -> None:
    app.test_cli_runner().invoke(args=["ingest", str(sent)])
    damaged = next(path for path in (tmp_path / "var" / "objects").rglob("*") if path.is_file())
    damaged.write_bytes(damaged.read_bytes()[:-1])
    result = app.test_cli_runner().invoke(args=["verify-archive"])
    assert result.exit_code == 1
    assert "altered, cut or moved" in result.output
    assert "5 objects read, 1 faults" in result.output
