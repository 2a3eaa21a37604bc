"""Several messages on their way to a carrier at once: a carrier far away answers slowly, and the worker does not wait
for each answer before the next call. Only the calls run in threads; rows are claimed and recorded by the caller.

A round begins with one call and takes one more at a time after each answer. So a carrier that is silent is asked few
times before the round knows.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeVar

import structlog

from app.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

Parcel = TypeVar("Parcel")
Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Flights(Generic[Parcel, Answer]):
    """Use it as a context: at the end every call has landed.

    `most`: calls at a time; with 1 nothing runs in a thread. `call`: asks the carrier and raises nothing. `land`:
    records the answer; False when the carrier was silent. What it raises ends here, with a line in the log: it says
    nothing about the message that the caller is at. Raises DatabaseUnavailable of `land`, after the other calls have
    landed too.
    """

    most: int
    call: Callable[[Parcel], Answer]
    land: Callable[[Parcel, Answer], bool]
    _window: int = 1
    _flying: dict[Future[Answer], Parcel] = field(default_factory=dict)
    _pool: ThreadPoolExecutor | None = None
    _fault: DatabaseUnavailable | None = None

    def make_room(self) -> None:
        """Wait until one more call may begin."""
        while len(self._flying) >= self._window:
            self._land_some()
        if self._fault is not None:
            raise self._fault

    def begin(self, parcel: Parcel) -> None:
        """Begin a call, after `make_room`."""
        if self.most == 1:
            self._record(parcel, self.call(parcel))
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.most, thread_name_prefix="sending")
        self._flying[self._pool.submit(self.call, parcel)] = parcel

    def _land_some(self) -> None:
        done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        for future in done:
            answered = self._record(self._flying.pop(future), future.result())
            self._window = min(self._window + 1, self.most) if answered else 1

    def _record(self, parcel: Parcel, answer: Answer) -> bool:
        try:
            return self.land(parcel, answer)
        except DatabaseUnavailable as fault:
            self._fault = self._fault or fault  # the others are recorded all the same, if that is possible
        except Exception as error:
            log.error("an answer of a carrier cannot be recorded", exc_info=error)
        return False

    def __enter__(self) -> Flights[Parcel, Answer]:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                while self._flying:
                    self._land_some()
        finally:
            if self._pool is not None:
                self._pool.shutdown()
        if kind is None and self._fault is not None:
            raise self._fault
