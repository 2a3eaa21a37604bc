"""`flask bind-fields`: every sealed field is bound to its row. The work is app/services/operations/field_binding.py."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext
from tqdm import tqdm

from app.bootstrap import Services
from app.cli.plain import PlainCommand


@click.command("bind-fields", cls=PlainCommand)
@click.option("--restored", is_flag=True, help="The database is a backup of before: take fields that are not bound.")
@with_appcontext
def bind_fields(restored: bool) -> None:
    """Bind every sealed field to its row. Run it once every process runs this release; everything may go on meanwhile.

    It can be stopped and run again. Exit 1 when a field does not open where it stands.
    """
    services: Services = current_app.extensions["cloudfilm"]
    binder, key_path = services.operations.field_binding, services.settings.key_path
    with tqdm(unit="field") as bar:
        done = binder.bind_all(key_path, accept_first_form=restored, after_batch=lambda batch: bar.update(batch.bound))
    click.echo(f"{done.bound} fields bound to their rows. Keep a copy of the key file, and copy it to every machine.")
    if done.refused:
        click.echo(f"{done.refused} fields do not open where they stand and stay as they are; the log names them.")
        raise SystemExit(1)
