"""How many connections each address may hold to the DIMSE door. Waiting connections, which have no association yet, are
counted apart from associations. Sockets are in `server`, sizes of PDUs in `bounds`.

A waiting connection never takes the place of an association. When an address, or the door, has too many waiting
connections, the oldest is cut. A modality is never the oldest: it asks for its association in the first milliseconds.

When all places of associations are taken, an idle association is ended to make room for an address that has fewer. If
that association never carried a message, no association is ended for its address for a while.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from pynetdicom.association import Association

MAX_ASSOCIATIONS = 32
ASSOCIATIONS_OF_AN_ADDRESS = 8
MAX_WAITING = 128
WAITING_OF_AN_ADDRESS = 8
NEGOTIATION_S = 10
"""A connection without an association is cut after so many seconds."""
IDLE_S = 0.25
"""An association without progress for so long may be ended to make room. While an instance is stored it is not idle."""
DISTRUST_S = 60
DROWSY_S = 1.0
DROWSY_DELAY_S, AWAKE_DELAY_S = 0.05, 0.001
"""The pause between the library's looks for something to read: on a quiet connection, and on a busy connection."""
PROGRESS_BYTES = 1024
"""Fewer bytes at a time do not count as progress, so a client cannot hold a place with single bytes."""


@dataclass
class Place:
    """A connection and, once it exists, its association. `since`: a time of the monotonic clock."""

    address: str
    connection: socket.socket
    since: float
    association: Association | None = None
    is_accepted: bool = False
    is_cut: bool = False
    is_serving: bool = False
    messages: int = 0
    progress_at: float = 0.0
    heard_at: float = 0.0

    @property
    def is_over(self) -> bool:
        association = self.association
        return self.is_cut or (association is not None and association.ident is not None and not association.is_alive())

    @property
    def is_waiting(self) -> bool:
        return not self.is_over and not self.is_accepted

    def cut(self) -> None:
        """Close the connection for its readers. A thread that waits for an association request ends at once."""
        self.is_cut = True
        if self.association is not None:
            if not self.is_accepted:
                self.association.dul.to_user_queue.put(cast(Any, None))  # the library's own time-out does the same
            self.wake()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    @property
    def has_work(self) -> bool:
        """Whether something came that the library's threads have not taken yet, or a thread ended."""
        association = self.association
        if association is None:
            return False
        waits = not (association.dimse.msg_queue.empty() and association.dul.to_user_queue.empty())
        return waits or not association.dul.is_alive()

    def drowse(self) -> None:
        """Let the library's two threads rest: one waits, the other looks seldom for work.

        Else each looks for work a thousand times a second, and 32 idle associations would keep a processor busy.
        """
        if self.association is not None:
            self.association.dul._run_loop_delay = DROWSY_DELAY_S
            self.association._reactor_checkpoint.clear()

    def wake(self) -> None:
        if self.association is not None:
            self.association.dul._run_loop_delay = AWAKE_DELAY_S
            self.association._reactor_checkpoint.set()


@dataclass
class Places:
    """The connections of a door. Its methods may be called from any thread."""

    monotonic: Callable[[], float] = time.monotonic
    _held: list[Place] = field(default_factory=list)
    _distrusted_until: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self, connection: socket.socket, address: str) -> bool:
        """Note a new connection, and cut the oldest waiting connection when there are too many.

        False when the caller must close the new connection at once: the door is full, and nobody makes room for this
        address.
        """
        with self._lock:
            self._forget()
            if self._is_full() and self._distrusted_until.get(address, 0) > self.monotonic():
                return False
            waiting = [place for place in self._held if place.is_waiting]
            mine = [place for place in waiting if place.address == address]
            if len(mine) >= WAITING_OF_AN_ADDRESS:
                mine[0].cut()
            elif len(waiting) >= MAX_WAITING:
                waiting[0].cut()
            self._held.append(Place(address, connection, self.monotonic()))
            return True

    def begun(self, connection: socket.socket, association: Association) -> Place:
        """The place of a connection whose new association object negotiates next. When the connection was just cut, the
        place is new and counts as cut, so it is never accepted."""
        with self._lock:
            held = (place for place in self._held if place.connection is connection)
            place = next(held, Place("", connection, self.monotonic(), is_cut=True))
            place.association = association
            association.dul._run_loop_delay = DROWSY_DELAY_S / 5  # until its association request comes
            return place

    def is_held(self, connection: socket.socket) -> bool:
        """Whether the connection has a place and was not cut."""
        with self._lock:
            return any(place.connection is connection and not place.is_cut for place in self._held)

    def served(self, place: Place, serve: Callable[[], None]) -> None:
        """Carry out a message. Meanwhile its association is not ended to make room."""
        place.is_serving = True
        try:
            serve()
        finally:
            place.is_serving, place.progress_at = False, self.monotonic()
            place.messages += 1

    def received(self, place: Place, count: int) -> None:
        """Note that `count` bytes came; 0 means the end of the connection."""
        with self._lock:
            place.heard_at = self.monotonic()
            if place.is_accepted:
                place.wake()
            if count >= PROGRESS_BYTES:
                place.progress_at = place.heard_at

    def accepted(self, association: Association) -> bool:
        """Whether the door and the address have a place for this association. It then keeps the place until it ends."""
        with self._lock:
            self._forget()
            mine = next((place for place in self._held if place.association is association), None)
            counts = Counter(place.address for place in self._held if place.is_accepted)
            if mine is None or counts[mine.address] >= ASSOCIATIONS_OF_AN_ADDRESS:
                return False
            if self._is_full() and not self._made_room(mine.address, counts):
                return False
            mine.is_accepted = True
            mine.progress_at = mine.heard_at = self.monotonic()
            mine.wake()
            return True

    def cut_waiting(self) -> None:
        """Cut all waiting connections, because the door closes."""
        with self._lock:
            for place in self._held:
                if place.is_waiting:
                    place.cut()

    def look_after(self, idle_s: float) -> None:
        """Call this from time to time. It cuts connections without an association after NEGOTIATION_S, and lets quiet
        associations drowse. After `idle_s` it wakes them, so that the library can end them."""
        with self._lock:
            self._forget()
            now = self.monotonic()
            for place in self._held:
                if place.is_waiting and now - place.since > NEGOTIATION_S:
                    place.cut()
                elif place.is_accepted and not place.is_serving:
                    quiet_s = now - max(place.heard_at, place.progress_at)
                    if quiet_s > idle_s or place.has_work:
                        place.wake()
                    elif quiet_s > DROWSY_S:
                        place.drowse()

    def _is_full(self) -> bool:
        return sum(place.is_accepted and not place.is_over for place in self._held) >= MAX_ASSOCIATIONS

    def _made_room(self, address: str, counts: Counter[str]) -> bool:
        """End an idle association of an address that has more associations than this address. False when there is none.

        Associations that never carried a message come first, then those of the address that has most, then the one that
        is idle for the longest time.
        """
        now = self.monotonic()
        idle = [
            place
            for place in self._held
            if place.is_accepted
            and not place.is_serving
            and now - place.progress_at >= IDLE_S
            and counts[place.address] > counts[address]
        ]
        if not idle or self._distrusted_until.get(address, 0) > now:
            return False
        ended = min(idle, key=lambda place: (place.messages > 0, -counts[place.address], place.progress_at))
        ended.cut()
        if not ended.messages:
            self._distrusted_until[ended.address] = now + DISTRUST_S
        return True

    def _forget(self) -> None:
        now = self.monotonic()
        self._held = [place for place in self._held if not place.is_over]
        self._distrusted_until = {address: until for address, until in self._distrusted_until.items() if until > now}
