"""`flask worker` as a process of its own, beside whatever writes the rows."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.config import NEWS_AT_ONCE
from deploy.testbed.servers import worker
from tests.factories.house import services
from tests.factories.telling import messages, receive_study, register, states

pytestmark = pytest.mark.server


def quick(folder: Path) -> dict[str, str]:
    """The environment of a worker of the house in `folder` that is quick to call a study complete."""
    return {
        "CLOUDFILM_PROFILE": "demo",
        "CLOUDFILM_VAR_DIR": str(folder),
        "CLOUDFILM_QUIET_PERIOD_S": "1",
        "CLOUDFILM_DECODE_WORKERS": "1",
        **NEWS_AT_ONCE,
    }


def test_a_worker_process_prepares_and_tells_and_stops_when_asked(tmp_path: Path) -> None:
    house = services(tmp_path, quiet_period_s="1")
    exam_id = register(house)
    receive_study(house, slices=3)  # on a clock of months ago: quiet for long
    with worker(tmp_path, quick(tmp_path)) as running:
        end = time.monotonic() + 60
        while not messages(house) and time.monotonic() < end:
            time.sleep(0.1)
        assert [state for _, _, state in states(house, exam_id)] in (["sending"], ["accepted"])
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
    assert len(messages(house)) == 1


def test_a_worker_killed_at_any_moment_never_tells_twice(tmp_path: Path) -> None:
    house = services(tmp_path, quiet_period_s="1")
    exam_id = register(house)
    receive_study(house, slices=3)
    clock = SystemClock()
    for delay in (0.0, 0.3, 0.6, 1.0, 1.5):
        with worker(tmp_path, quick(tmp_path)) as running:
            time.sleep(delay)
            running.process.send_signal(signal.SIGKILL)
    with worker(tmp_path, quick(tmp_path)):
        end = clock.monotonic() + 60
        while not messages(house) and clock.monotonic() < end:
            if states(house, exam_id) and states(house, exam_id)[0][2] in ("sending", "unknown"):
                break  # killed between claim and call: nothing is sent, the desk will decide
            time.sleep(0.1)
    assert len(states(house, exam_id)) == 1
    assert len(messages(house)) <= 1
    assert messages(house) or states(house, exam_id)[0][2] in ("sending", "unknown")
