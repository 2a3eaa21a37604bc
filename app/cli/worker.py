"""`flask worker`: runs the worker until a signal stops it. The worker itself is in app/jobs."""

from __future__ import annotations

import signal
import threading

import click
from flask import current_app
from flask.cli import with_appcontext

from app.bootstrap import Services
from app.cli.plain import PlainCommand


@click.command("worker", cls=PlainCommand)
@with_appcontext
def worker() -> None:
    """Complete, prepare, release, send: everything that happens without a request. Stops on SIGTERM or SIGINT."""
    services: Services = current_app.extensions["cloudfilm"]
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    services.worker.start()
    services.waker.listen(services.worker.wake)
    click.echo("worker: running")
    stopping.wait()
    services.waker.close()
    services.worker.stop()
    click.echo("worker: stopped")
