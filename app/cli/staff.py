"""`flask create-staff`: the operator makes the first accounts. Later accounts are made in the console."""

from __future__ import annotations

import sys

import click
import segno
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.cli.plain import PlainCommand
from app.security import totp
from app.security.permissions import Role


@click.command("create-staff", cls=PlainCommand)
@with_appcontext
@click.argument("username")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.option("--reset", is_flag=True, help="New secrets for an account that exists; it keeps its role.")
def create_staff(username: str, role: str, reset: bool) -> None:
    """Make a staff account. Password and authenticator secret are shown once; the password must be changed."""
    services: Services = current_app.extensions["cloudfilm"]
    accounts = services.staff.accounts
    fresh = accounts.reset(username, "cli") if reset else accounts.create(username, role, "cli")
    uri = totp.provisioning_uri(fresh.totp_secret, fresh.username)
    click.echo(f"username:      {fresh.username}\nrole:          {fresh.role}\npassword:      {fresh.password}")
    click.echo(f"totp secret:   {fresh.totp_secret}\nauthenticator: {uri}")
    if sys.stdout.isatty():
        segno.make(uri, error="l").terminal(compact=True)
