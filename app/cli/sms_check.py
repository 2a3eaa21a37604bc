"""`flask sms-check`: what the carrier has of the texts that we send. The comparison is sms/registration.py."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.bootstrap.carriers import registered_texts
from app.cli.plain import PlainCommand


@click.command("sms-check", cls=PlainCommand)
@with_appcontext
def sms_check() -> None:
    """Ask the carrier for the registered texts. Exit 1 when one is missing, not approved or worded otherwise."""
    services: Services = current_app.extensions["cloudfilm"]
    found = registered_texts(services.settings, services.simulation)
    for finding in found:
        click.echo(f"{'FAULT' if finding.is_fault else 'ok'}: {finding.text}")
    if any(finding.is_fault for finding in found):
        raise SystemExit(1)
