"""A least speed: who is slower over a window is to be cut, and nobody earns time to be silent later."""

from __future__ import annotations

from app.security.least_speed import LeastSpeed


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_silent_peer_has_the_window_and_no_more() -> None:
    watch = Watch()
    speed = LeastSpeed(1000, 20, watch)
    watch.now += 19
    assert speed.is_kept()
    assert speed.left_s() == 1
    watch.now += 2
    assert not speed.is_kept()
    assert 0 < speed.left_s() < 0.01  # a socket would take 0 for no limit


def test_a_peer_that_drips_is_never_silent_and_is_cut_all_the_same() -> None:
    watch = Watch()
    speed = LeastSpeed(1000, 20, watch)
    seconds = 0
    while speed.is_kept():
        watch.now += 1
        speed.moved(100)
        seconds += 1
    assert 20 <= seconds <= 23


def test_a_peer_at_the_least_speed_is_kept_for_ever() -> None:
    watch = Watch()
    speed = LeastSpeed(1000, 20, watch)
    for _ in range(1000):
        watch.now += 1
        speed.moved(1000)
        assert speed.is_kept()


def test_what_was_fast_before_earns_no_silence() -> None:
    watch = Watch()
    speed = LeastSpeed(1000, 20, watch)
    speed.moved(1_000_000_000)
    watch.now += 21
    assert not speed.is_kept()


def test_time_that_is_not_the_peers_does_not_count() -> None:
    watch = Watch()
    speed = LeastSpeed(1000, 20, watch)
    watch.now += 600
    speed.rest()
    assert speed.left_s() == 20
