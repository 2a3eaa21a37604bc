"""Headers read in child processes: the same as here, within limits, and no child is left behind or blamed wrongly."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.same_content import Likeness
from app.errors import RefusedObject
from app.imaging.errors import ChildUnavailable
from app.imaging.header.examined import Examined, examined
from app.imaging.sandbox.shared_file import lent
from deploy.testbed.ct import ct_file, ct_slice, part10
from deploy.testbed.shared_data import files_of
from tests.factories.expanding_files import KINDS
from tests.factories.own_header_pool import OwnPool, memory_bomb, time_bomb
from tests.shared_data import needs

MIB = 1 << 20
Processes = Callable[[], list[int]]


@pytest.fixture
def pool() -> Iterator[OwnPool]:
    pool = OwnPool()
    yield pool
    pool._children.close()


def all_children() -> set[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "sandbox.header_child"], capture_output=True, text=True, check=False
    )
    return {int(pid) for pid in found.stdout.split()}


@pytest.fixture
def children() -> Processes:
    """The children of this test's pools."""
    before = all_children()
    return lambda: sorted(all_children() - before)


def comparable(found: Examined | RefusedObject) -> object:
    if isinstance(found, RefusedObject):
        return found.reason, found.dicom_code
    image = found.image
    return found.header, json.dumps(image.header), image.frames, image.number_of_frames, image.not_shown_reason


def here(data: bytes) -> object:
    try:
        return comparable(examined(io.BytesIO(data), HeaderLimits()))
    except RefusedObject as fault:
        return comparable(fault)


FOLDERS = (
    *("transfer-syntaxes-a", "cases-a", "charset-a", "charset-chinese-a", "malformed-a", "objects-a", "ko-selfmade-a"),
    *("mg-a", "us-xa-cine-a"),
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_headers_read_as_they_do_here(pool: OwnPool, folder: str) -> None:
    """Also those whose character set or table Python loads only at its first use: a child can open no file."""
    needs(folder)
    files = [path.read_bytes() for path in files_of(folder)]
    found = [comparable(one) for one in pool.examine_all(map(io.BytesIO, files))]
    assert found == [here(file) for file in files]


@pytest.mark.parametrize("kind", KINDS)
def test_headers_that_ask_for_much_read_as_they_do_here(pool: OwnPool, kind: str) -> None:
    data = KINDS[kind](20)
    assert [comparable(one) for one in pool.examine_all([io.BytesIO(data)])] == [here(data)]


@pytest.mark.parametrize("size", [64, 2 * MIB, 20 * MIB])
@pytest.mark.parametrize("kind", ["memory", "spooled", "file", "file being written"])
def test_any_file_is_read_whole_wherever_it_is(pool: OwnPool, kind: str, size: int, tmp_path: Path) -> None:
    rows = min(size // 16, 1024)
    data = ct_file(Rows=rows, Columns=size // rows // 2, PixelData=bytes(size))
    file: BinaryIO = io.BytesIO(data)
    if kind == "spooled":
        file = cast(BinaryIO, tempfile.SpooledTemporaryFile(16 * MIB, dir=tmp_path))  # noqa: SIM115
    elif kind != "memory":
        file = (tmp_path / "file").open("w+b")
    if kind != "memory":
        file.write(data)
    if kind == "file":
        file.close()
        file = (tmp_path / "file").open("rb")
    with file:
        assert comparable(pool.examine(file)) == here(data)
        file.seek(0)
        assert file.read() == data


def test_a_child_cannot_write_to_the_file_it_is_lent(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"mine")
        for one in (file, io.BytesIO(b"mine")):
            with lent(one) as descriptor, pytest.raises(OSError, match="Bad file descriptor"):
                os.write(descriptor, b"x")


def test_how_alike_two_files_are_is_told_as_here(pool: OwnPool) -> None:
    dataset = ct_slice()
    one = part10(dataset)
    dataset.StudyDescription = "another"
    other = part10(dataset)
    assert pool.likeness(io.BytesIO(one), io.BytesIO(one)) == Likeness.SAME
    assert pool.likeness(io.BytesIO(one), io.BytesIO(other)) == Likeness.SAME_PIXELS
    assert pool.likeness(io.BytesIO(one), io.BytesIO(ct_file(Modality="MR"))) != Likeness.SAME


def test_a_header_that_inflates_beyond_the_memory_is_refused_and_the_next_one_read(children: Processes) -> None:
    bomb = memory_bomb()
    pool = OwnPool(1, 20, 400 * MIB)
    try:
        pool.examine(io.BytesIO(ct_file()))
        with pytest.raises(RefusedObject) as caught:
            pool.examine(io.BytesIO(bomb))
        assert caught.value.reason == Refusal.NEEDS_TOO_MUCH_MEMORY
        assert pool.examine(io.BytesIO(ct_file())).header.modality == "CT"
        assert len(children()) == 1
    finally:
        pool._children.close()


def test_a_header_that_takes_too_long_is_refused_and_the_next_one_read() -> None:
    """A third of the reads that a header may take, with a limit of a second."""
    pool = OwnPool(1, 1)
    try:
        with pytest.raises(RefusedObject) as caught:
            pool.examine(io.BytesIO(time_bomb()))
        assert caught.value.reason == Refusal.TAKES_TOO_LONG
        assert pool.examine(io.BytesIO(ct_file())).header.modality == "CT"
    finally:
        pool._children.close()


def test_a_child_killed_between_two_headers_costs_no_object(pool: OwnPool, children: Processes) -> None:
    pool.examine(io.BytesIO(ct_file()))
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert pool.examine(io.BytesIO(ct_file()))


def test_a_child_that_does_not_answer_though_it_does_not_work_blames_no_object(children: Processes) -> None:
    pool = OwnPool(1)
    try:
        pool.examine(io.BytesIO(ct_file()))
        pool._children._idle[0].patience_s = 0.5
        [stuck] = children()
        os.kill(stuck, signal.SIGSTOP)
        with pytest.raises(ChildUnavailable):
            pool.examine(io.BytesIO(ct_file()))
        assert pool.examine(io.BytesIO(ct_file()))
        assert stuck not in children()
    finally:
        pool._children.close()


def test_many_threads_share_few_children(pool: OwnPool, children: Processes) -> None:
    files = [ct_file() for _ in range(64)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda file: pool.examine(io.BytesIO(file)).header.sop_instance_uid, files))
    assert len(set(found)) == 64
    assert len(children()) <= 2


def test_a_caller_that_stops_leaves_no_thread_behind(pool: OwnPool) -> None:
    found = pool.examine_all(io.BytesIO(ct_file()) for _ in range(64))
    next(found)
    found.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("headers")]


def test_a_child_knows_no_secret_of_its_parent(
    pool: OwnPool, children: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "do not tell")
    pool.examine(io.BytesIO(ct_file()))
    [child] = children()
    assert b"do not tell" not in Path(f"/proc/{child}/environ").read_bytes()
    maps = Path(f"/proc/{child}/maps").read_bytes()
    assert b"imagecodecs" not in maps
    assert b"sqlalchemy" not in maps


def test_a_closed_pool_reads_nothing_and_leaves_no_child(children: Processes) -> None:
    pool = OwnPool()
    pool.examine(io.BytesIO(ct_file()))
    pool._children.close()
    until = time.monotonic() + 10
    while children() and time.monotonic() < until:
        time.sleep(0.02)
    assert children() == []
    with pytest.raises(ChildUnavailable):
        pool.examine(io.BytesIO(ct_file()))
