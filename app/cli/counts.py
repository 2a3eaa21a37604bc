"""`flask verify-counts`: whether the counts of /metrics are those of the rows. The work is in services/operations."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.cli.plain import PlainCommand


@click.command("verify-counts", cls=PlainCommand)
@click.option("--mend", is_flag=True, help="Put the counts right.")
@with_appcontext
def verify_counts(mend: bool) -> None:
    """Compare the counts that are kept as rows are written with the rows; exit 1 on faults that stay. Nobody writes
    meanwhile, about a second for a million rows."""
    faults = current_app.extensions["cloudfilm"].operations.row_counts.faults(mend=mend)
    for fault in faults:
        label = " ".join((fault.name, *fault.labels)).strip()
        click.echo(f"{label}: {fault.kept} kept, {fault.counted} counted")
    click.echo(f"{len(faults)} faults{', put right' if faults and mend else ''}")
    if faults and not mend:
        raise SystemExit(1)
