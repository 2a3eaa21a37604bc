"""Decoding in child processes with limits on time and memory: hostile pixels can kill a child, never a server.

The parent sends frame bytes and gets encoded pictures back, never pixels. The messages are `protocol`, one
child is `process`, what happens inside it `child`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from types import TracebackType

from app.imaging.display.render_spec import RenderSpec, RenderTask
from app.imaging.errors import BadRegion, DecoderUnavailable, UndecodableFrame
from app.imaging.sandbox import cage
from app.imaging.sandbox.process import Child
from app.imaging.sandbox.protocol import BAD_REGION, PICTURES, BrokenAnswer, Request

FRAMES_A_CHILD = 10_000
"""Then it is replaced: what hostile frames leaked must not add up until good ones fail."""


class RenderPool:
    """Renders frames in up to `workers` child processes, started when first needed. Thread-safe."""

    def __init__(self, workers: int, time_limit_s: float, memory_limit_bytes: int) -> None:
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._workers = workers
        self._free = Condition()
        self._idle: list[Child] = []
        self._started = 0
        self._closed = False
        self.not_caged = cage.lacking()
        """Why the children may make any system call, for whoever starts this; None when they may not."""
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="render")

    def render(self, task: RenderTask) -> list[bytes]:
        """The pictures wanted, in the order of the specs.

        Raises UndecodableFrame, BadRegion, DecoderUnavailable, and whatever reading the frame raises.
        """
        if task.header is None:
            raise UndecodableFrame("the image is not supported")
        request = Request(task.header.of_frame(task.number), task.number, task.specs, task.token)
        kind, parts = self._ask(request, task)
        if kind == PICTURES and len(parts) == len(task.specs):
            return parts
        raise (BadRegion if kind == BAD_REGION else UndecodableFrame)(_reason(parts))

    def render_all(self, tasks: Iterable[RenderTask]) -> Iterator[list[bytes]]:
        """The pictures of many frames, in order; a frame that cannot be shown gives empty bytes for each spec.

        As many frames are under way as there are children, and one more each, so that no child waits for a read.
        Raises DecoderUnavailable, and whatever reading a frame raises.
        """
        under_way: deque[tuple[RenderTask, Future[list[bytes]]]] = deque()
        for task in tasks:
            under_way.append((task, self._threads.submit(self.render, task)))
            if len(under_way) >= 2 * self._workers:
                yield _settled(*under_way.popleft())
        while under_way:
            yield _settled(*under_way.popleft())

    def _ask(self, request: Request, task: RenderTask) -> tuple[int, list[bytes]]:
        """A child that has served before may die of what came before: then a fresh one gets the frame, once."""
        while True:
            with self._child(task.token) as child:
                fresh = child.served == 0
                try:
                    return child.ask(request, task.read, self._time_limit_s)
                except BrokenAnswer:
                    if fresh or child.was_late:
                        raise UndecodableFrame("the decoder died or took too long") from None

    @contextmanager
    def _child(self, token: str | None) -> Iterator[Child]:
        child = self._take(token)
        try:
            yield child
        finally:
            self._give_back(child)

    def _take(self, token: str | None) -> Child:
        """An idle child, the one that keeps this frame's pixels if it can be, else a new one."""
        with self._free:
            self._free.wait_for(lambda: self._idle or self._started < self._workers or self._closed)
            if self._closed:
                raise DecoderUnavailable("the pool is closed")
            keeper = next((child for child in self._idle if token in child.kept), None)
            if keeper is not None or self._idle:
                child = keeper or self._idle[-1]
                self._idle.remove(child)
                return child
            self._started += 1
        try:
            return Child(self._memory_limit_bytes, self._time_limit_s)
        except BaseException:
            self._forget()
            raise

    def _give_back(self, child: Child) -> None:
        if child.usable and child.served < FRAMES_A_CHILD and not self._closed:
            with self._free:
                self._idle.append(child)
                self._free.notify()
        else:
            child.close()
            self._forget()

    def _forget(self) -> None:
        with self._free:
            self._started -= 1
            self._free.notify()

    def close(self) -> None:
        """End all children; frames under way are finished first."""
        self._threads.shutdown(cancel_futures=True)
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._started -= len(idle)
            self._free.notify_all()
        for child in idle:
            child.close()

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _reason(parts: list[bytes]) -> str:
    """A child's words, cut and cleaned: they may come from a decoder that hostile pixels have taken over."""
    text = b" ".join(parts[:1])[:100].decode("ascii", "replace")
    return "".join(letter for letter in text if letter.isprintable())


def _settled(task: RenderTask, future: Future[list[bytes]]) -> list[bytes]:
    try:
        return future.result()
    except UndecodableFrame:
        return [b""] * len(task.specs)


__all__ = ["RenderPool", "RenderSpec", "RenderTask"]
