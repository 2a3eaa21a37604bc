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

from app.errors import DatabaseUnavailable

Parcel = TypeVar("Parcel")
Answer = TypeVar("Answer")


@dataclass(kw_only=True)
class Flights(Generic[Parcel, Answer]):
    """Use it as a context: at the end every call has landed.

    `most`: calls at a time; with 1 nothing runs in a thread. `call`: asks the carrier and raises nothing. `land`:
    records the answer; False when the carrier was silent. Raises DatabaseUnavailable of `land`, after the other calls
    have landed too.
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
            self.land(parcel, self.call(parcel))
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.most, thread_name_prefix="sending")
        self._flying[self._pool.submit(self.call, parcel)] = parcel

    def _land_some(self) -> None:
        done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
        for future in done:
            parcel = self._flying.pop(future)
            try:
                answered = self.land(parcel, future.result())
            except DatabaseUnavailable as fault:
                self._fault = self._fault or fault  # the others are recorded all the same, if that is possible
            else:
                self._window = min(self._window + 1, self.most) if answered else 1

    def __enter__(self) -> Flights[Parcel, Answer]:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        if kind is None or issubclass(kind, Exception):
            while self._flying:
                self._land_some()
        if self._pool is not None:
            self._pool.shutdown()
        if kind is None and self._fault is not None:
            raise self._fault
