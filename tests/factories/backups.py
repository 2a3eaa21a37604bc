"""A house that is backed up into a folder, and another house with the same keys that it is restored into."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.bootstrap import Services
from app.services.backup.copying import Step
from app.services.backup.making import Made
from app.services.backup.restoring import Restored
from tests.factories.house import clock_of, services
from tests.factories.telling import receive_study


@contextmanager
def unseen(_what: str, _total: int | None) -> Iterator[Step]:
    """Progress that nobody looks at."""
    yield lambda _: None


def backed_up(house: Services, folder: Path) -> Made:
    """A backup a second after the last one."""
    clock_of(house).advance(1)
    return house.backup.making.make(folder, unseen)


def restored(house: Services, folder: Path, *, replace: bool = False, time: str | None = None) -> Restored:
    return house.backup.restoring.restore(folder, unseen, replace=replace, time=time)


def empty_house(folder: Path, keys_of: Services) -> Services:
    """A new installation with the key file of another one."""
    folder.mkdir()
    shutil.copy(keys_of.settings.key_path, folder / "keys.json")
    return services(folder, wechat_notices="simulated")


def prepared_study(house: Services, slices: int = 1, **attributes: str) -> str:
    """A study that is received and whose pictures are prepared; its UID."""
    uid = receive_study(house, slices, **attributes)
    prepare(house, uid)
    return uid


def prepare(house: Services, uid: str) -> None:
    house.pictures.completion.complete_now(uid)
    while house.worker.run_sweeps() | house.worker.run_job():
        pass


def named_objects(house: Services) -> set[str]:
    """Every object that a row of the house names."""
    return {result.object_key for result in house.operations.archive_check.objects()}


def faults(house: Services) -> list[str]:
    """What verify-audit, verify-archive and verify-counts say."""
    check = house.operations.archive_check
    objects = [f"{each.object_key}: {each.fault}" for each in check.objects() if each.fault]
    counts = [f"{fault.name} {fault.labels}" for fault in house.operations.row_counts.faults()]
    return [*(fault.reason for fault in house.audit.reading.faults()), *objects, *check.orphans(), *counts]
