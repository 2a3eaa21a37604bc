"""`flask backup` and `flask restore`. The work is in app/services/backup; keys are copied here, apart from the data."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from tqdm import tqdm

from app.bootstrap import Services
from app.cli.plain import NotDone, PlainCommand
from app.services.backup.copying import Step

FOLDER = click.Path(file_okay=False, path_type=Path)


def _services() -> Services:
    found: Services = current_app.extensions["cloudfilm"]
    return found


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Step]:
    """Only on a terminal: a timer's log needs no bar."""
    with tqdm(desc=what, total=total, unit="object", disable=None) as bar:
        yield bar.update


@click.command("backup", cls=PlainCommand)
@with_appcontext
@click.argument("folder", type=FOLDER)
@click.option("--keys-to", type=FOLDER, help="Also copy the key file, into this folder, which lies elsewhere.")
@click.option("--together", is_flag=True, help="The keys may lie in the folder of the backup.")
@click.option("--keep", type=click.IntRange(min=1), help="Afterwards remove all but the newest so many backups.")
@click.option("--check", is_flag=True, help="Make none: read the newest one again and compare it with its checksums.")
def backup(folder: Path, keys_to: Path | None, together: bool, keep: int | None, check: bool) -> None:
    """Back up the database, the objects and the anchors into FOLDER, while everything runs.

    Objects that an earlier backup in FOLDER holds are not copied again. Exit 1 when an object is missing or damaged.
    """
    backups = _services().backup.making
    if keys_to is not None and not together:
        _require_apart(keys_to, folder)
    if check:
        _tell_faults(list(backups.check(folder, _bar)))
        return
    made = backups.make(folder, _bar)
    click.echo(f"backup {made.time}: {made.objects} objects, {made.copied} of them copied now")
    if keep is not None:
        click.echo(f"{backups.prune(folder, keep)} older backups removed")
    _copy_keys(_services().settings.key_path, keys_to)
    _tell_faults([f"{key}: missing in the archive" for key in made.missing])


@click.command("restore", cls=PlainCommand)
@with_appcontext
@click.argument("folder", type=FOLDER)
@click.option("--of", "time", help="The name of a backup; without it the newest.")
@click.option("--replace", is_flag=True, help="Overwrite what this installation holds.")
def restore(folder: Path, time: str | None, replace: bool) -> None:
    """Bring a backup in FOLDER back into this installation, which is empty. Stop every other process first.

    It can be broken off and run again. Exit 1 when objects are missing or damaged; everything else is there then.
    """
    if not folder.is_dir():
        raise NotDone("there is no such folder")
    restored = _services().backup.restoring.restore(folder, _bar, time=time, replace=replace)
    click.echo(f"restored the backup {restored.time} with {restored.objects} objects")
    click.echo("Now run flask verify-audit and flask verify-archive, then start the services.")
    _tell_faults(list(restored.faults))


def _tell_faults(faults: list[str]) -> None:
    for fault in faults:
        click.echo(fault)
    if faults:
        click.echo(f"{len(faults)} faults")
        raise SystemExit(1)


def _require_apart(keys_to: Path, folder: Path) -> None:
    keys, data = keys_to.resolve(), folder.resolve()
    if keys.is_relative_to(data) or data.is_relative_to(keys):
        raise NotDone("whoever finds keys and data together reads everything: another folder, or say --together")


def _copy_keys(key_file: Path, keys_to: Path | None) -> None:
    """Under a new name each time, so that no copy replaces an older one; the same keys are not copied twice."""
    if keys_to is None:
        click.echo("The key file is not in it: keep a copy in another place (--keys-to), or nothing opens again.")
        return
    try:
        keys_to.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = key_file.read_bytes()
        if any(copy.read_bytes() == content for copy in keys_to.glob("keys-*.json")):
            return
        name = f"keys-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
        descriptor = os.open(keys_to / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as copy, key_file.open("rb") as original:
            shutil.copyfileobj(original, copy)
            copy.flush()
            os.fsync(copy.fileno())
    except OSError as error:
        raise NotDone(f"the keys were not copied ({error.strerror}); the backup itself is whole") from None
    click.echo(f"keys copied to {name} in the folder that --keys-to names")
