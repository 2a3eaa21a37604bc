"""`flask backup` and `flask restore` as an operator runs them: what they say, how they exit, where the keys go."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from app.bootstrap import Services
from tests.factories.backups import empty_house, faults, named_objects, prepared_study
from tests.factories.house import clock_of, services


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path / "var", wechat_notices="simulated")
    prepared_study(built)
    return built


def run(house: Services, *words: object) -> Result:
    clock_of(house).advance(1)
    app: Flask = create_app(house.settings, house)
    return app.test_cli_runner().invoke(args=[str(word) for word in words])


def test_a_backup_and_a_restore_say_what_was_done_and_draw_no_bars_without_a_terminal(
    house: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    made = run(house, "backup", folder)
    assert made.exit_code == 0, made.output
    told, keys = made.output.splitlines()
    assert told.endswith("3 objects, 3 of them copied now")
    assert keys.startswith("The key file is not in it")
    checked = run(house, "backup", folder, "--check")
    assert (checked.exit_code, checked.output) == (0, "")
    other = empty_house(tmp_path / "other", house)
    restored = run(other, "restore", folder)
    assert restored.exit_code == 0, restored.output
    assert restored.output.splitlines()[0].endswith("with 3 objects")
    assert faults(other) == []
    again = run(other, "restore", folder)
    assert (again.exit_code, again.output.strip()) == (
        2,
        "Error: this installation is not empty: --replace overwrites what it holds",
    )


def test_keys_never_lie_with_the_data_unless_asked(house: Services, tmp_path: Path) -> None:
    folder, apart = tmp_path / "backups", tmp_path / "safe"
    for inside in (folder, folder / "keys", tmp_path):
        refused = run(house, "backup", folder, "--keys-to", inside)
        assert refused.exit_code == 2
        assert "whoever finds keys and data together" in refused.output
    assert not folder.exists()
    assert run(house, "backup", folder, "--keys-to", apart).exit_code == 0
    assert run(house, "backup", folder, "--keys-to", apart).exit_code == 0
    [copy] = apart.iterdir()  # the same keys are not copied twice
    assert copy.read_bytes() == house.settings.key_path.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    secret = house.settings.key_path.read_bytes()
    assert not [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == secret]
    assert run(house, "backup", folder, "--keys-to", folder / "keys", "--together").exit_code == 0
    assert len(list((folder / "keys").iterdir())) == 1


def test_only_its_owner_reads_a_backup(house: Services, tmp_path: Path) -> None:
    house.audit.anchoring.anchor_due()
    run(house, "backup", tmp_path / "backups")
    assert list((tmp_path / "backups").glob("backups/*/anchors/audit-*.json"))
    open_to_others = [
        path
        for path in (tmp_path / "backups").rglob("*")
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


def test_faults_are_named_and_the_exit_is_1(house: Services, tmp_path: Path) -> None:
    folder, lost = tmp_path / "backups", sorted(named_objects(house))[0]
    house.archive.objects.store.delete(lost)
    made = run(house, "backup", folder)
    assert made.exit_code == 1
    assert f"{lost}: missing in the archive" in made.output
    assert run(house, "backup", folder, "--check").exit_code == 1
    assert run(empty_house(tmp_path / "other", house), "restore", folder).exit_code == 1


def test_older_backups_are_removed_when_told(house: Services, tmp_path: Path) -> None:
    for _ in range(3):
        run(house, "backup", tmp_path / "backups")
    assert "2 older backups removed" in run(house, "backup", tmp_path / "backups", "--keep", "2").output
    assert len(list((tmp_path / "backups" / "backups").iterdir())) == 2


def test_a_folder_that_is_no_backup_and_one_that_cannot_be_written_are_one_line(
    house: Services, tmp_path: Path
) -> None:
    assert run(house, "restore", tmp_path / "nowhere").output.strip() == "Error: there is no such folder"
    (tmp_path / "file").write_text("")
    refused = run(house, "backup", tmp_path / "file")
    assert refused.exit_code == 2
    assert refused.output.strip().splitlines()[-1].endswith("is a file.")
