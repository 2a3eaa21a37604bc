"""The simulated carrier calls the real hook over loopback HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from app.bootstrap import Services
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.telling import mark_prepared, register, states, sweep


@contextmanager
def serving(house: Services, listener: socket.socket) -> Iterator[None]:
    server = make_server("127.0.0.1", 0, application(house), fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_message_is_delivered_by_a_receipt_through_the_hook(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        house = services(tmp_path, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        exam_id = register(house)
        mark_prepared(house)
        sweep(house)
        with serving(house, listener):
            assert house.simulation.push_receipts() == 1
            assert house.simulation.push_receipts() == 0
    assert states(house, exam_id) == [("images_ready", "sms", "delivered")]


def test_receipts_wait_while_nobody_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    house = services(tmp_path, base_url=f"http://127.0.0.1:{port}")
    exam_id = register(house)
    mark_prepared(house)
    sweep(house)
    assert house.simulation.push_receipts() == 0
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]
