"""`kill -9` in the middle of a backup or a restore: run again it goes on, and what it ends with is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.bootstrap import Services
from tests.factories.backups import backed_up, empty_house, faults, named_objects, prepared_study, restored
from tests.factories.house import services
from tests.factories.telling import register
from tests.places import ROOT

KILLED = """
import os, signal, sys
from pathlib import Path
from app.archive.local_store import LocalStore
from app.services.backup import copying
from tests.factories.backups import backed_up, restored, unseen
from tests.factories.house import services

put_many, batches = LocalStore.put_many, int(sys.argv[4])

def killing(store, items):
    global batches
    if batches == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    batches -= 1
    return put_many(store, items)

copying.BATCH_OBJECTS = 1
house = services(Path(sys.argv[1]))
LocalStore.put_many = killing
(backed_up if sys.argv[3] == "backup" else restored)(house, Path(sys.argv[2]))
"""


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path / "var")
    register(built)
    prepared_study(built, 3, AccessionNumber="A1")
    return built


def killed(house: Services, folder: Path, what: str, batches: int) -> None:
    """The command in a process of its own, killed after so many objects."""
    command = [sys.executable, "-c", KILLED, str(house.settings.var_dir), str(folder), what, str(batches)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_a_killed_backup_goes_on_where_it_was_and_the_earlier_one_stays_whole(house: Services, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    first = backed_up(house, folder)
    prepared_study(house, 3)
    killed(house, folder, "backup", 2)
    assert house.backup.making.folder(folder).times() == [first.time]
    last = backed_up(house, folder)
    assert (last.missing, last.copied) == ((), 5 - 2)
    other = empty_house(tmp_path / "other", house)
    assert restored(other, folder).faults == ()
    assert faults(other) == []


def test_a_killed_restore_is_run_again_without_a_word_of_replacing(house: Services, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    backed_up(house, folder)
    other = empty_house(tmp_path / "other", house)
    killed(other, folder, "restore", 2)
    assert restored(other, folder).faults == ()
    assert faults(other) == []
    assert named_objects(other) == named_objects(house)
