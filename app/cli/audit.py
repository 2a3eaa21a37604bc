"""`flask verify-audit`: the chain of the audit log, and its anchors outside the database. The checks themselves are in
app/services/audit."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.cli.plain import NotDone, PlainCommand


@click.command("verify-audit", cls=PlainCommand)
@click.option("--restored", is_flag=True, help="The database is a restored backup: keep its anchors aside, begin anew.")
@with_appcontext
def verify_audit(restored: bool) -> None:
    """Check the audit log's hash chain and compare its end with the anchors. Exit 1 when something is wrong.

    With --restored it first says what is wrong, then anchors the log as it is. Run it without first.
    """
    services: Services = current_app.extensions["cloudfilm"]
    faults = services.audit.reading.faults()
    with services.db.read() as session:
        count, since = services.audit.log.extent(session)
    for fault in faults:
        click.echo(f"row {fault.seq}: {fault.reason}" if fault.seq else fault.reason)
    begun = f", since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    click.echo(f"audit log: {'BROKEN' if faults else 'whole'}, {count} events{begun}")
    if anchor := _anchored(services, restored):
        click.echo(anchor)
    if faults and not restored:
        raise SystemExit(1)


def _anchored(services: Services, restored: bool) -> str | None:
    anchoring = services.audit.anchoring
    try:
        if restored:
            anchoring.begin_anew()
        anchor = anchoring.newest()
    except OSError as error:
        raise NotDone(f"the folder of the anchors cannot be used ({error.strerror})") from None
    return f"anchored up to row {anchor.seq} on {anchor.at} (anchor {anchor.counter})" if anchor else None
