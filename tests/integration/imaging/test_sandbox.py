"""Decoding in child processes: hostile bytes kill no parent, limits hold, the pool heals, nobody is left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.imaging.codecs.decode import DEFLATED_LE
from app.imaging.display.window import Window
from app.imaging.errors import BadRegion, ChildUnavailable, UndecodableFrame
from app.imaging.sandbox.pool import Account, RenderPool, RenderSpec, RenderTask
from app.imaging.sandbox.turns import HEAVY_S
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.shared_data import files_of
from tests.factories.images import image_header
from tests.integration.imaging.test_real_images import NOT_SHOWN, first_frame
from tests.places import ROOT
from tests.shared_data import needs

MUTANTS = 2000
Children = Callable[[], list[int]]
GIB = 1 << 30


@pytest.fixture
def pool() -> Iterator[RenderPool]:
    with RenderPool(workers=2, time_limit_s=10, memory_limit_bytes=2 * GIB) as pool:
        yield pool


def plain_task(**changes: object) -> RenderTask:
    task = RenderTask(image_header(), bytes(range(48)), 0, (RenderSpec(window=Window(0, 60000)),))
    return replace(task, **changes)  # type: ignore[arg-type]


def all_children(parent: int) -> set[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(parent), "-f", "sandbox.child"], capture_output=True, text=True, check=False
    )
    return {int(pid) for pid in found.stdout.split()}


@pytest.fixture
def children() -> Children:
    """The children of this test's pools: those of other files may still live in this process."""
    before = all_children(os.getpid())
    return lambda: sorted(all_children(os.getpid()) - before)


def test_a_frame_comes_back_as_the_pictures_asked_for(pool: RenderPool) -> None:
    jpeg, png = pool.render(plain_task(specs=(RenderSpec(), RenderSpec(fmt="png"))))
    assert jpeg.startswith(b"\xff\xd8")
    assert png.startswith(b"\x89PNG")


def test_frames_come_back_in_order_and_bad_ones_empty(pool: RenderPool) -> None:
    tasks = [plain_task(), plain_task(frame=b"short"), plain_task(header=None), plain_task()]
    assert [bool(pictures[0]) for pictures in pool.render_all(tasks)] == [True, False, False, True]


def test_a_region_outside_the_image_is_no_fault_of_the_frame(pool: RenderPool) -> None:
    with pytest.raises(BadRegion):
        pool.render(plain_task(specs=(RenderSpec(viewport=(100, 100, 5, 5)),)))


def test_another_window_neither_reads_nor_decodes_again(pool: RenderPool) -> None:
    reads = []

    def read() -> bytes:
        reads.append(1)
        return bytes(range(48))

    pictures = {
        pool.render(plain_task(frame=read, token="one", specs=(RenderSpec(window=Window(center, 9000)),)))[0]
        for center in range(0, 9000, 1000)
    }
    assert len(reads) == 1
    assert len(pictures) > 5
    assert pool.render(plain_task(frame=read, token="two"))
    assert len(reads) == 2


def test_what_reading_a_frame_raises_is_the_callers(pool: RenderPool) -> None:
    def read() -> bytes:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        pool.render(plain_task(frame=read))
    assert pool.render(plain_task())


def test_many_threads_share_few_children(pool: RenderPool, children: Children) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: pool.render(plain_task()), range(200)))
    assert len({pictures[0] for pictures in answers}) == 1
    assert len(children()) <= 2


def test_a_child_killed_between_two_frames_costs_no_frame(pool: RenderPool, children: Children) -> None:
    pool.render(plain_task())
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert pool.render(plain_task())


def test_a_decoding_that_takes_too_long_is_ended_and_the_pool_heals(children: Children) -> None:
    with RenderPool(workers=1, time_limit_s=0.5, memory_limit_bytes=2 * GIB) as pool:
        pool.render(plain_task())
        (stuck,) = children()
        os.kill(stuck, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(UndecodableFrame):
            pool.render(plain_task())
        assert time.monotonic() - started < 30
        assert pool.render(plain_task())
        assert stuck not in children()


def test_a_decoding_that_wants_too_much_memory_is_refused_and_the_pool_heals() -> None:
    header = image_header(rows=8192, columns=8192)
    task = RenderTask(header, bytes(8192 * 8192 * 2), 0, (RenderSpec(),))
    with RenderPool(workers=1, time_limit_s=20, memory_limit_bytes=300 << 20) as pool:
        with pytest.raises(UndecodableFrame):
            pool.render(task)
        assert pool.render(plain_task())


def test_a_child_that_cannot_start_blames_no_frame() -> None:
    with RenderPool(workers=1, time_limit_s=5, memory_limit_bytes=1 << 20) as pool:
        with pytest.raises(ChildUnavailable):
            pool.render(plain_task())
        with pytest.raises(ChildUnavailable):
            list(pool.render_all([plain_task()]))


def test_a_closed_pool_renders_nothing_and_leaves_no_child(children: Children) -> None:
    pool = RenderPool(workers=1, time_limit_s=5, memory_limit_bytes=2 * GIB)
    pool.render(plain_task())
    pool.close()
    assert children() == []
    with pytest.raises(ChildUnavailable):
        pool.render(plain_task())


def test_a_child_knows_no_secret_of_its_parent(
    pool: RenderPool, monkeypatch: pytest.MonkeyPatch, children: Children
) -> None:
    monkeypatch.setenv("SOME_SECRET", "do not tell")
    pool.render(plain_task())
    (child,) = children()
    assert b"do not tell" not in Path(f"/proc/{child}/environ").read_bytes()
    assert b"flask" not in Path(f"/proc/{child}/maps").read_bytes()


def test_children_end_with_a_parent_that_was_killed() -> None:
    code = (
        "import time\nfrom tests.integration.imaging.test_sandbox import *\n"
        "pool = RenderPool(1, 5, 2 << 30)\npool.render(plain_task())\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        (child,) = all_children(parent.pid)
        parent.kill()
    until = time.monotonic() + 30
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """A process without a reaper stays a zombie: that is ended, too."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_closing_waits_for_the_frames_under_way(children: Children) -> None:
    """A deflated object's bytes are read while its frame has a child."""
    pool = RenderPool(workers=1, time_limit_s=5, memory_limit_bytes=2 * GIB)
    entered, go_on = threading.Event(), threading.Event()
    [task] = deflated_tasks(1, [], (RenderSpec(),))

    def read() -> bytes:
        entered.set()
        go_on.wait(5)
        return task.read()

    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(pool.render, replace(task, frame=read))
        entered.wait(5)
        pool.close()
        go_on.set()
        assert under_way.result()
    assert children() == []


def test_a_store_that_is_slow_keeps_no_child_from_the_others(pool: RenderPool) -> None:
    """As many frames as there are children, and more, wait for their bytes; others are drawn meanwhile."""
    gate, reading = threading.Event(), threading.Semaphore(0)

    def slow() -> bytes:
        reading.release()
        gate.wait(60)
        return bytes(range(48))

    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(pool.render, plain_task(frame=slow, token=str(n))) for n in range(4)]
        for _ in waiting:
            assert reading.acquire(timeout=30)
        assert all(pool.render(plain_task()) for _ in range(10))
        assert not any(future.done() for future in waiting)
        gate.set()
        assert all(future.result() for future in waiting)


def test_a_preview_of_a_real_slice_keeps_within_its_bytes(pool: RenderPool) -> None:
    needs("ct-chest-nlst-101287")
    header, frame = first_frame(files_of("ct-chest-nlst-101287")[70])
    free, bounded = pool.render(
        RenderTask(header, frame, 0, (RenderSpec(longest=256, quality=95), RenderSpec(longest=256, max_bytes=10_240)))
    )
    assert len(free) > 10_240 >= len(bounded)


def test_two_thousand_mutated_frames_kill_no_server(pool: RenderPool) -> None:
    """Every codec, seeded: bytes changed, most often near the front where the headers are, and cut."""
    needs("transfer-syntaxes-a")
    chance = random.Random(20260101)
    by_syntax = {}
    for path in sorted(files_of("transfer-syntaxes-a"), key=lambda path: path.stat().st_size):
        if path.name not in NOT_SHOWN:
            header, frame = first_frame(path)
            by_syntax.setdefault((header.transfer_syntax_uid, header.samples_per_pixel), (header, frame))
    seeds = list(by_syntax.values())
    assert len({header.transfer_syntax_uid for header, _ in seeds}) >= 18

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


def deflated_tasks(frames: int, reads: list[int], specs: tuple[RenderSpec, ...]) -> list[RenderTask]:
    pixels = bytes(range(128)) * frames
    data = part10(ct_slice(NumberOfFrames=frames, PixelData=pixels), DeflatedExplicitVRLittleEndian)
    header = image_header(rows=8, columns=8, number_of_frames=frames, transfer_syntax_uid=DEFLATED_LE)

    def read() -> bytes:
        reads.append(1)
        return data

    return [RenderTask(header, read, number, specs, whole="the object") for number in range(frames)]


def test_an_object_deflated_as_a_whole_is_read_and_inflated_once(pool: RenderPool, children: Children) -> None:
    reads: list[int] = []
    pictures = list(pool.render_all(deflated_tasks(100, reads, (RenderSpec(fmt="png"),))))
    assert len(pictures) == 100
    assert all(picture.startswith(b"\x89PNG") for (picture,) in pictures)
    assert len(reads) == 1
    assert len(children()) == 1


def test_without_a_picture_wanted_the_frames_own_bytes_come_back(pool: RenderPool) -> None:
    answers = [pool.render(task) for task in deflated_tasks(3, [], ())]
    assert answers == [[bytes(range(128))]] * 3


def test_a_spent_account_draws_nothing_more(pool: RenderPool) -> None:
    reads: list[int] = []
    account = Account(budget_s=0.0)
    tasks = deflated_tasks(5, reads, (RenderSpec(),))
    assert list(pool.render_all(tasks, account)) == [[b""]] * 5
    assert (account.frames_left_out, reads) == (5, [])


def test_a_study_whose_frames_take_long_leaves_a_child_to_the_others() -> None:
    """The hostile one's frames never end by themselves; the others are drawn before its first one is given up. Its
    objects are deflated: a child is held while one is read."""
    gate = threading.Event()
    [task] = deflated_tasks(1, [], (RenderSpec(),))

    def stuck() -> bytes:
        gate.wait(60)
        return task.read()

    with RenderPool(workers=2, time_limit_s=60, memory_limit_bytes=2 * GIB) as pool, ThreadPoolExecutor(1) as threads:
        pool.render(plain_task())
        hostile, objects = Account(used_s=HEAVY_S), [replace(task, frame=stuck, whole=str(n)) for n in range(6)]
        under_way = threads.submit(lambda: list(pool.render_all(objects, hostile)))
        drawn = list(pool.render_all([plain_task()] * 20, Account()))
        assert len(drawn) == 20
        assert not under_way.done()
        gate.set()
        assert len(under_way.result()) == 6
