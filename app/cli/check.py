"""`flask check-config`, and how every command tells that the settings are not usable: in lines, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.bootstrap.outside import silent
from app.cli.plain import PlainCommand
from app.errors import SettingsError


@contextmanager
def told_plainly() -> Iterator[None]:
    """Inside a command, faults of the settings are its message. A server gets the exception."""
    try:
        yield
    except SettingsError as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise click.ClickException(str(error)) from None


@click.command("check-config", cls=PlainCommand)
@with_appcontext
def check_config() -> None:
    """Say whether the settings are usable and every part answers. Exit 1 with each fault on a line of its own."""
    services: Services = current_app.extensions["cloudfilm"]
    probes = services.probes()
    with told_plainly():
        if faults := silent(probes):
            raise SettingsError(faults)
    click.echo(f"settings are usable ({services.settings.profile}); {', '.join(probes)} answer")
