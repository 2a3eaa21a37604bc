"""Decoding in child processes with limits on time and memory: hostile pixels can kill a child, never a server.

The parent sends frame bytes and gets encoded pictures back, never pixels. What a picture is, is `RenderSpec`; the
child's side of the pipe is `sandbox_child`.
"""

from __future__ import annotations

import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from app.imaging.errors import UndecodableFrame
from app.imaging.header import ImageHeader
from app.imaging.window import Window

ROOT = Path(__file__).resolve().parent.parent.parent
LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class RenderSpec:
    """One picture wanted of a frame. `longest` pixels on the longer side; `max_bytes` lowers the quality in steps."""

    fmt: str = "jpg"
    longest: int | None = None
    window: Window | None = None
    quality: int = 85
    max_bytes: int | None = None
    viewport: tuple[int, int, int, int] | None = None
    """Source region x, y, width, height in pixels (PS3.18 8.3.5.1.3)."""


@dataclass(frozen=True)
class RenderTask:
    """One frame and the pictures wanted of it. `token` names the frame, so that a child may keep its pixels a while."""

    header: ImageHeader | None
    frame: bytes
    number: int
    specs: tuple[RenderSpec, ...]
    token: str | None = None


class _Child:
    """One decoding process and its pipe. Used by one thread at a time."""

    def __init__(self, memory_limit_bytes: int) -> None:
        command = [sys.executable, "-m", "app.imaging.sandbox_child", str(memory_limit_bytes)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def ask(self, request: bytes, time_limit_s: float) -> Any:
        """The child's answer. Raises UndecodableFrame when it died or took too long; it is dead then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(time_limit_s, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(LENGTH.pack(len(request)) + request)
            self._process.stdin.flush()
            head = self._process.stdout.read(LENGTH.size)
            body = self._process.stdout.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
            if not body:
                raise UndecodableFrame("the decoder died or took too long")
            return pickle.loads(body)  # noqa: S301 - written by our own child from its own results
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):
            raise UndecodableFrame("the decoder died or took too long") from None
        finally:
            timer.cancel()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()


class RenderPool:
    """Renders frames in `workers` child processes, started when first needed. Thread-safe."""

    def __init__(self, workers: int, time_limit_s: float, memory_limit_bytes: int) -> None:
        self._workers = workers
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="render")

    def render(self, task: RenderTask) -> list[bytes]:
        """The pictures wanted, in the order of the specs. Raises UndecodableFrame."""
        if task.header is None:
            raise UndecodableFrame("the image is not supported")
        request = pickle.dumps((task.header, task.frame, task.number, task.specs, task.token))
        child = self._idle.get()
        try:
            if child is None or not child.alive:
                if child is not None:
                    child.close()
                child = _Child(self._memory_limit_bytes)
            answer = child.ask(request, self._time_limit_s)
        except UndecodableFrame:
            if child is not None:
                child.close()
                child = None
            raise
        finally:
            self._idle.put(child)
        if isinstance(answer, str):
            raise UndecodableFrame(answer)
        pictures: list[bytes] = answer
        return pictures

    def render_all(self, tasks: Iterable[RenderTask]) -> Iterator[list[bytes]]:
        """The pictures of many frames, in order; a frame that cannot be shown gives empty bytes for each spec.

        As many frames are under way as there are children, and one more each, so that no child waits for a read.
        """
        under_way: deque[tuple[RenderTask, Future[list[bytes]]]] = deque()
        for task in tasks:
            under_way.append((task, self._threads.submit(self.render, task)))
            if len(under_way) >= 2 * self._workers:
                yield _settled(*under_way.popleft())
        while under_way:
            yield _settled(*under_way.popleft())

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            child = self._idle.get()
            if child is not None:
                child.close()

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _settled(task: RenderTask, future: Future[list[bytes]]) -> list[bytes]:
    try:
        return future.result()
    except UndecodableFrame:
        return [b""] * len(task.specs)


__all__: Sequence[str] = ("RenderPool", "RenderSpec", "RenderTask")
