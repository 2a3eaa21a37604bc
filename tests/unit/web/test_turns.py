"""Threads of a web process take short turns."""

from __future__ import annotations

import sys

import pytest

from app.web.wsgi.turns import TURN_S, take_short_turns


def test_a_web_process_takes_short_turns() -> None:
    before = sys.getswitchinterval()
    try:
        take_short_turns()
        assert sys.getswitchinterval() == pytest.approx(TURN_S)
    finally:
        sys.setswitchinterval(before)
