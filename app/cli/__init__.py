"""`flask` commands: each reads its arguments, calls one service and prints a summary. The work is in app/services."""

from __future__ import annotations

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.cli.archive import ingest, verify_archive
from app.cli.bind_fields import bind_fields
from app.cli.check import check_config, told_plainly
from app.cli.plain import PlainCommand
from app.cli.scp import scp
from app.cli.sms_check import sms_check
from app.cli.staff import create_staff
from app.cli.tokens import create_token, list_tokens, revoke_token
from app.cli.worker import worker

__all__ = ["register", "told_plainly"]


def register(app: Flask) -> None:
    tokens = (create_token, list_tokens, revoke_token)
    checks = (check_config, verify_audit, verify_archive)
    for command in (*checks, *tokens, create_staff, bind_fields, ingest, scp, worker, sms_check):
        app.cli.add_command(command)


def _services() -> Services:
    found: Services = current_app.extensions["cloudfilm"]
    return found


@click.command("verify-audit", cls=PlainCommand)
@with_appcontext
def verify_audit() -> None:
    """Check the audit log's hash chain; exit 1 when it is broken."""
    services = _services()
    faults = services.audit.reading.faults()
    with services.db.read() as session:
        count, since = services.audit.log.extent(session)
    for fault in faults:
        click.echo(f"row {fault.seq}: {fault.reason}")
    begun = f", since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    click.echo(f"audit log: {'BROKEN' if faults else 'whole'}, {count} events{begun}")
    if faults:
        raise SystemExit(1)
