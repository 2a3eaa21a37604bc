"""`flask ingest` and `flask verify-archive`. Files are found in `incoming_files`, the work is in app/services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from os import SEEK_END
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from tqdm import tqdm

from app.bootstrap import Services
from app.cli import incoming_files
from app.cli.plain import PlainCommand
from app.dicom.status import MIB
from app.services import in_english
from app.services.ingest.incoming import Conflicting, DoorName, Duplicate, IncomingObject, Outcome, Refused, Superseding

_BATCH_OBJECTS = 64
_BATCH_BYTES = 256 * MIB


def _services() -> Services:
    found: Services = current_app.extensions["cloudfilm"]
    return found


@click.command("ingest", cls=PlainCommand)
@with_appcontext
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def ingest(paths: tuple[Path, ...]) -> None:
    """Take DICOM files, folders and zip archives into the archive. Exit 1 when something went to quarantine."""
    services = _services()
    limits = incoming_files.ZipLimits(member_bytes=services.ingest.ingest.reader.limits.file_bytes)
    counts: Counter[str] = Counter()
    try:
        with tqdm(total=incoming_files.count(paths), unit="file") as bar:
            for batch in _batches(incoming_files.find(paths, limits, services.settings.spool_dir)):
                _take(services, batch, counts, bar)
    finally:  # also when it ends early: the counted objects are stored
        labels = ("stored", "already there", "in conflict", "refused")
        click.echo(", ".join(f"{counts[label]} {label}" for label in labels))
    if counts["in conflict"] or counts["refused"]:
        raise SystemExit(1)


def _take(services: Services, batch: list[IncomingObject], counts: Counter[str], bar: tqdm[None]) -> None:
    outcomes = services.ingest.ingest.receive(batch, door=DoorName.CLI, actor="cli")
    for item in batch:
        item.file.close()
    for outcome in outcomes:
        counts[_label(outcome)] += 1
        if isinstance(outcome, Refused):
            bar.write(f"{outcome.name}: {in_english.refusal(outcome.reason)} (in quarantine)")
    bar.update(len(batch))


@click.command("verify-archive", cls=PlainCommand)
@with_appcontext
def verify_archive() -> None:
    """Read every stored object again and compare it with what was received; exit 1 on faults."""
    check = _services().operations.archive_check
    checked = faults = 0
    for result in tqdm(check.objects(), unit="object"):
        checked += 1
        if result.fault is not None:
            faults += 1
            click.echo(f"{result.object_key}: {result.fault}")
    orphans = 0
    for object_key in check.orphans():
        orphans += 1
        click.echo(f"{object_key}: no row (an unfinished upload, never acknowledged)")
    leftovers = check.remove_leftovers()
    if leftovers:
        click.echo(f"{leftovers} pieces of unfinished writes removed")
    click.echo(f"{checked} objects read, {faults} faults, {orphans} without a row")
    if faults:
        raise SystemExit(1)


def _batches(objects: Iterable[IncomingObject]) -> Iterator[list[IncomingObject]]:
    """Batches of many objects, so that the disk is seldom waited for, but of few bytes: zip members are in temporary
    files meanwhile."""
    batch: list[IncomingObject] = []
    size = 0
    try:
        for item in objects:
            batch.append(item)
            size += item.file.seek(0, SEEK_END)
            if len(batch) == _BATCH_OBJECTS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch
    finally:
        for item in batch:
            item.file.close()


def _label(outcome: Outcome) -> str:
    if isinstance(outcome, Conflicting):
        return "in conflict"
    if isinstance(outcome, Refused):
        return "refused"
    if isinstance(outcome, Superseding):
        return "stored as a new version"
    return "already there" if isinstance(outcome, Duplicate) else "stored"
