"""The demo's server: gunicorn with one process that holds the web, the worker's threads and the DICOM door.

What happens before it serves (the data, the port) is not here.
"""

from __future__ import annotations

import threading
import time
from types import FrameType
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.workers import gthread
from gunicorn.workers.gthread import ThreadWorker

from app.bootstrap import Services, build
from app.clock import SystemClock
from app.config import Settings
from app.demo.clock import CLOCK_FILE, MovedClock
from app.demo.house import create_demo_app
from app.dimse.scp import start_door
from app.web.wsgi.turns import take_short_turns

RECEIPT_PAUSE_S = 2.0
GOODBYE_S = 4
"""After a Ctrl-C gunicorn waits so long for its process, then kills it. Nothing acknowledged is lost by that."""

gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.5
"""A connection that never says anything holds up the end so long. gunicorn has no setting for it."""

log = structlog.get_logger(__name__)


class DemoWorker(ThreadWorker):  # type: ignore[misc]
    """A worker that takes any number of signals to quit.

    A Ctrl-C reaches it twice: from the terminal, and from gunicorn's main process. gunicorn's own handler takes the
    lock of the thread pool, and a handler that interrupts another one, or the pool, waits for that lock for ever. This
    one takes no lock: it only tells the loop to end.
    """

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        self.handle_exit(sig, frame)


class DemoServer(BaseApplication):  # type: ignore[misc]
    """gunicorn on 127.0.0.1 until a signal ends it."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.port = settings, port
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "workers": 1,
            "worker_class": DemoWorker,
            "threads": self.settings.web_threads,
            "accesslog": None,
            "loglevel": "warning",
            "timeout": 120,
            "graceful_timeout": GOODBYE_S,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        take_short_turns()
        services = build(self.settings, MovedClock(self.settings.var_dir / CLOCK_FILE), SystemClock())
        services.worker.start()
        services.waker.listen(services.worker.wake)
        start_door(services.settings, services.ingest.ingest)
        threading.Thread(target=_deliver_receipts, args=(services,), name="carrier", daemon=True).start()
        return create_demo_app(services)


def _deliver_receipts(services: Services) -> None:
    """The simulated carrier calls our real hook, as the real one would; it waits until we answer."""
    while True:
        time.sleep(RECEIPT_PAUSE_S)
        try:
            services.simulation.push_receipts()
        except OSError as error:
            log.warning("the simulated carrier could not deliver receipts", exc_info=error)
