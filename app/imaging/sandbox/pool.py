"""Decoding in child processes with limits on time and memory: hostile pixels can kill a child, never a server.

The parent sends frame bytes and gets encoded pictures back, never pixels. The messages are in `protocol`, the parent's
side of one child is in `process`, the child's side in `child`; who gets a child when, is in `children`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType

from app.imaging.display.render_spec import VALUES_DIGEST, RenderSpec, RenderTask
from app.imaging.errors import BadRegion, UndecodableFrame
from app.imaging.sandbox import cage
from app.imaging.sandbox.children import Children
from app.imaging.sandbox.messages import BrokenAnswer
from app.imaging.sandbox.process import Child
from app.imaging.sandbox.protocol import BAD_REGION, PICTURES, Request
from app.imaging.sandbox.turns import Account, Waiting

FRAMES_A_CHILD = 10_000


class RenderPool:
    """Renders frames in up to `workers` child processes, which start when they are first needed. Thread-safe."""

    def __init__(self, workers: int, time_limit_s: float, memory_limit_bytes: int) -> None:
        self._time_limit_s = time_limit_s
        self._workers = workers
        self._children = Children(workers, FRAMES_A_CHILD, lambda: Child(memory_limit_bytes, time_limit_s))
        self.not_caged = cage.lacking()
        """Why the children are not caged and may make any system call; None when they are caged."""

    def render(self, task: RenderTask, account: Account | None = None) -> list[bytes]:
        """The wanted pictures in the order of the specs; without specs the frame's own bytes.

        The used time is added to `account`. Raises UndecodableFrame, BadRegion, ChildUnavailable, and every error of
        reading the frame.
        """
        if task.header is None:
            raise UndecodableFrame("the image is not supported")
        request = Request(task.header.of_frame(task.number), task.number, task.specs, task.token, task.whole)
        kind, parts = self._ask(request, task, account or Account())
        if kind == PICTURES and len(parts) == max(len(task.specs), 1):
            return parts
        raise (BadRegion if kind == BAD_REGION else UndecodableFrame)(_reason(parts))

    def render_all(self, tasks: Iterable[RenderTask], account: Account | None = None) -> Iterator[list[bytes]]:
        """The pictures of many frames, in order. A frame that cannot be shown gives empty bytes for each spec.

        Up to two frames per child are under way, so that no child waits while the caller handles pictures. When the
        account is spent, the remaining frames are not read and not drawn; the account counts them.
        Raises ChildUnavailable, and every error of reading a frame.
        """
        account = account or Account()
        under_way: deque[tuple[RenderTask, Future[list[bytes]]]] = deque()
        # Each call has its own threads: shared threads might all wait for slow frames of another study.
        with ThreadPoolExecutor(self._workers, thread_name_prefix="render") as threads:
            try:
                for task in tasks:
                    under_way.append((task, threads.submit(self._render_within, task, account)))
                    if len(under_way) >= 2 * self._workers:
                        yield _settled(*under_way.popleft())
                while under_way:
                    yield _settled(*under_way.popleft())
            finally:
                threads.shutdown(cancel_futures=True)

    def _render_within(self, task: RenderTask, account: Account) -> list[bytes]:
        if account.is_spent:
            account.frames_left_out += 1
            raise UndecodableFrame("the time for its study is used up")
        return self.render(task, account)

    def _ask(self, request: Request, task: RenderTask, account: Account) -> tuple[int, list[bytes]]:
        """The answer of a child. When a child dies that served other frames before, those may be the cause: another
        child gets the frame. Raises UndecodableFrame when a fresh child dies, or when a child is too late."""

        def keeps(child: Child) -> bool:
            return task.token in child.kept or task.whole in child.kept

        # A store may be slow, and no child waits for it: a frame is read before its child is taken, except when a child
        # keeps it. Of an object deflated as a whole the frames take turns, and the first of them reads it for all.
        if task.whole is None and not self._children.has_idle(keeps):
            task = replace(task, frame=task.read())
        while True:
            with self._children.one(Waiting(account, task.whole), keeps) as child:
                fresh = child.served == 0
                try:
                    return child.ask(request, task.read, self._time_limit_s)
                except BrokenAnswer:
                    if fresh or child.was_late:
                        raise UndecodableFrame("the decoder died or took too long") from None

    def close(self) -> None:
        """End all idle children. A busy child finishes its frame first."""
        self._children.close()

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _reason(parts: list[bytes]) -> str:
    """The child's reason, cut and cleaned: hostile pixels may have taken over the child."""
    text = b" ".join(parts[:1])[:100].decode("ascii", "replace")
    return "".join(letter for letter in text if letter.isprintable())


def _settled(task: RenderTask, future: Future[list[bytes]]) -> list[bytes]:
    try:
        return future.result()
    except UndecodableFrame:
        return [b""] * len(task.specs)


__all__ = ["VALUES_DIGEST", "Account", "RenderPool", "RenderSpec", "RenderTask"]
