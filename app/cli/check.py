"""`flask check-config`, and how every command prints unusable settings: one fault a line, without a traceback.

The settings are checked in app/config.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.bootstrap.outside import silent
from app.cli.front_door import look
from app.cli.plain import PlainCommand
from app.errors import SettingsError


@contextmanager
def told_plainly() -> Iterator[None]:
    """In a command, print the faults of the settings without a traceback. In a server, the exception goes on."""
    try:
        yield
    except SettingsError as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise click.ClickException(str(error)) from None


@click.command("check-config", cls=PlainCommand)
@click.option(
    "--front-door/--no-front-door", default=True, help="Ask through CLOUDFILM_BASE_URL what address we are seen with."
)
@with_appcontext
def check_config(front_door: bool) -> None:
    """Say whether the settings are usable and every part answers. Exit 1 with each fault on a line of its own.

    In production it also asks the servers through their front door what address they see. Where none runs yet that is
    a note. That decoding children are not caged on this machine is a note, too.
    """
    services: Services = current_app.extensions["cloudfilm"]
    probes = services.probes()
    findings = [look(services)] if front_door and not services.settings.is_demo else []
    with told_plainly():
        if faults := [*silent(probes), *(finding.text for finding in findings if finding.is_fault)]:
            raise SettingsError(faults)
    click.echo(f"settings are usable ({services.settings.profile}); {', '.join(probes)} answer")
    for finding in findings:
        click.echo(finding.text)
    if note := services.operations.field_binding.note():
        click.echo(f"NOTE: {note}")
    if reason := services.pictures.renderer.not_caged:
        click.echo(f"NOTE: decoding children are held by limits alone: {reason}")
