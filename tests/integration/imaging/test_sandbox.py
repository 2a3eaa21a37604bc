"""Decoding in child processes: hostile bytes kill no parent, limits hold, the pool heals."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.imaging.errors import UndecodableFrame
from app.imaging.sandbox import RenderPool, RenderSpec, RenderTask
from app.imaging.window import Window
from tests.factories.images import image_header
from tests.integration.imaging.test_real_images import NOT_SHOWN, first_frame
from tests.shared_data import files_of, needs

MUTANTS = 2000


@pytest.fixture
def pool() -> Iterator[RenderPool]:
    with RenderPool(workers=2, time_limit_s=10, memory_limit_bytes=2 << 30) as pool:
        yield pool


def plain_task(**changes: object) -> RenderTask:
    task = RenderTask(image_header(), bytes(range(48)), 0, (RenderSpec(window=Window(0, 60000)),))
    return replace(task, **changes)  # type: ignore[arg-type]


def test_a_frame_comes_back_as_the_pictures_asked_for(pool: RenderPool) -> None:
    jpeg, png = pool.render(plain_task(specs=(RenderSpec(), RenderSpec(fmt="png"))))
    assert jpeg.startswith(b"\xff\xd8")
    assert png.startswith(b"\x89PNG")


def test_frames_come_back_in_order_and_bad_ones_empty(pool: RenderPool) -> None:
    tasks = [plain_task(), plain_task(frame=b"short"), plain_task(header=None), plain_task()]
    assert [bool(pictures[0]) for pictures in pool.render_all(tasks)] == [True, False, False, True]


def test_a_killed_child_is_replaced(pool: RenderPool) -> None:
    pool.render(plain_task())
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "sandbox_child"], capture_output=True, text=True, check=True
    )
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    time.sleep(0.1)
    assert pool.render(plain_task())


def test_a_decoding_that_takes_too_long_is_ended() -> None:
    with RenderPool(workers=1, time_limit_s=0.001, memory_limit_bytes=2 << 30) as pool, pytest.raises(UndecodableFrame):
        pool.render(plain_task())


def test_a_decoding_that_wants_too_much_memory_is_refused() -> None:
    header = image_header(rows=8192, columns=8192)
    task = RenderTask(header, bytes(8192 * 8192 * 2), 0, (RenderSpec(),))
    with RenderPool(workers=1, time_limit_s=20, memory_limit_bytes=300 << 20) as pool, pytest.raises(UndecodableFrame):
        pool.render(task)


def test_a_stronger_limit_on_bytes_lowers_the_quality(pool: RenderPool) -> None:
    needs("ct-chest-nlst-101287")
    header, frame = first_frame(files_of("ct-chest-nlst-101287")[70])
    free, bounded = pool.render(
        RenderTask(header, frame, 0, (RenderSpec(longest=256, quality=95), RenderSpec(longest=256, max_bytes=10_240)))
    )
    assert len(free) > 10_240 >= len(bounded)


def test_two_thousand_mutated_frames_kill_no_server(pool: RenderPool) -> None:
    """Every codec, seeded: bytes flipped, cut, doubled; the pool must still serve afterwards."""
    needs("transfer-syntaxes-a")
    chance = random.Random(20260101)
    by_syntax = {}
    for path in files_of("transfer-syntaxes-a"):
        if path.name not in NOT_SHOWN:
            header, frame = first_frame(path)
            by_syntax.setdefault(header.transfer_syntax_uid, (header, frame))
    seeds = list(by_syntax.values())
    assert len(seeds) >= 15

    def mutants() -> Iterator[RenderTask]:
        for number in range(MUTANTS):
            header, frame = seeds[number % len(seeds)]
            mutated = bytearray(frame)
            for _ in range(chance.randint(1, 8)):
                mutated[chance.randrange(min(len(mutated), chance.choice([64, 1 << 30])))] = chance.randrange(256)
            if chance.random() < 0.2:
                del mutated[chance.randrange(len(mutated)) :]
            yield RenderTask(header, bytes(mutated), 0, (RenderSpec(longest=64),))

    answers = list(pool.render_all(mutants()))
    assert len(answers) == MUTANTS
    assert sum(bool(pictures[0]) for pictures in answers) > 100
    assert sum(not pictures[0] for pictures in answers) > 100
    assert pool.render(plain_task())
