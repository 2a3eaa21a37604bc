"""`flask scp`: the DICOM door in its own process. The door itself is in app/dimse."""

from __future__ import annotations

import signal
import threading

import click
from flask import current_app

from app.bootstrap import Services
from app.cli.plain import PlainCommand
from app.dimse.scp import start_door


@click.command("scp", cls=PlainCommand)
def scp() -> None:
    """Listen for C-STORE and C-ECHO until SIGTERM; associations under way may end first."""
    services: Services = current_app.extensions["cloudfilm"]
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    door = start_door(services.settings, services.ingest.ingest)
    click.echo(f"DICOM door on port {door.port}")
    stopped.wait()
    door.stop()
