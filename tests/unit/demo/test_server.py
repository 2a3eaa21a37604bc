"""A Ctrl-C reaches gunicorn's process twice: whatever it interrupts, the process ends."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.demo.server import GOODBYE_S, DemoServer, DemoWorker
from tests.factories.house import settings


def test_two_quit_signals_that_interrupt_the_thread_pool_end_the_worker() -> None:
    config = Config()
    worker = DemoWorker(1, 0, [], None, 30, config, Logger(config))
    worker.tpool = worker.get_thread_pool()
    worker.method_queue.init()

    def interrupted() -> None:
        with worker.tpool._shutdown_lock:  # as a handler finds it that interrupts a submit
            worker.handle_quit(signal.SIGINT, None)
            worker.handle_quit(signal.SIGQUIT, None)

    main = threading.Thread(target=interrupted, daemon=True)
    main.start()
    main.join(10)
    assert not main.is_alive()
    assert not worker.alive
    worker.method_queue.close()
    worker.tmp.close()


def test_gunicorn_waits_less_than_six_seconds_for_it(tmp_path: Path) -> None:
    server = DemoServer(settings(tmp_path), 0)
    assert server.cfg.graceful_timeout == GOODBYE_S < 6
    assert server.cfg.worker_class is DemoWorker
