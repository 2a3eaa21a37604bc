"""`flask ingest` and `flask verify-archive` as an operator sees them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.archive.sealed import SealedArchive, SealRequest, StoredObject
from app.config import Settings
from app.errors import StoreFull
from app.services.ingest.incoming import IncomingObject, Outcome
from app.services.ingest.ingest import Ingest
from deploy.testbed.ct import ct_series


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


def test_a_full_store_stops_the_command_with_a_sentence_and_what_was_taken_is_told(
    app: Flask, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.archive._BATCH_OBJECTS", 2)
    put_many, rounds = SealedArchive.put_many, iter(range(9))

    def filling_up(archive: SealedArchive, requests: Iterable[SealRequest]) -> list[StoredObject]:
        if next(rounds) == 2:
            raise StoreFull("no room")
        return put_many(archive, requests)

    monkeypatch.setattr(SealedArchive, "put_many", filling_up)
    result = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "Error: no room" in result.output
    assert "4 stored, 0 already there" in result.output
    monkeypatch.undo()
    result = app.test_cli_runner().invoke(args=["ingest", str(sent)])
    assert "1 stored, 4 already there" in result.output


def test_no_more_than_a_few_large_objects_lie_in_temporary_files_at_once(
    app: Flask, sent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.archive._BATCH_BYTES", 1)
    receive, sizes = Ingest.receive, []

    def watched(ingest: Ingest, sources: list[IncomingObject], **more: str) -> list[Outcome]:
        sizes.append(len(sources))
        return receive(ingest, sources, **more)

    monkeypatch.setattr(Ingest, "receive", watched)
    assert app.test_cli_runner().invoke(args=["ingest", str(sent)]).exit_code == 0
    assert sizes == [1] * 5
