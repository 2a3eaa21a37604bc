"""The demo's clock goes with that of the simulated WeChat, and staff's authenticators do not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app import bootstrap
from app.clock import FrozenClock
from app.demo.clock import MovedClock
from app.demo.house import demo_of
from app.security import totp
from tests.factories.house import START, services, settings


def test_it_is_as_far_ahead_as_somebody_moved_it(tmp_path: Path) -> None:
    clock = MovedClock(tmp_path / "moved", FrozenClock(START))
    assert clock.now() == START
    (tmp_path / "moved").write_text("3600.5")
    assert clock.now() == START + timedelta(seconds=3600.5)
    assert clock.monotonic() == 3600.5


@pytest.mark.parametrize("text", ["", "soon"])
def test_a_file_that_says_no_time_moves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "moved").write_text(text)
    assert MovedClock(tmp_path / "moved", FrozenClock(START)).now() == START


def test_staff_log_in_by_the_time_of_their_authenticators(tmp_path: Path) -> None:
    services(tmp_path).db.dispose()
    (tmp_path / "moved").write_text("90000")
    real = FrozenClock(START)
    house = bootstrap.build(settings(tmp_path), MovedClock(tmp_path / "moved", real), real)
    staff = demo_of(house).staff
    staff.ensure("test")
    account = staff.everybody()[0]
    code = staff.code(account)
    assert code == totp.code_at(account.totp_secret, START)
    assert house.staff.login.log_in(account.username, account.password, code, "10.0.0.1")
