"""Who may hold connections to the DIMSE door, and how many: counted for each address, those without an association
apart from those with one. Sockets and PDUs are in `server`.

A silent connection never takes the place of an association. When an address has too many without one, or all together
have, the oldest of them is cut: a modality asks for its association in its first milliseconds and is never the oldest.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from pynetdicom.association import Association

MAX_ASSOCIATIONS = 32
ASSOCIATIONS_OF_AN_ADDRESS = 8
MAX_WAITING = 64
WAITING_OF_AN_ADDRESS = 8
NEGOTIATION_S = 10
"""Until then a connection has its association, or is cut."""


@dataclass
class Place:
    """A connection, with its association once that was made. `since`: of a monotonic clock."""

    address: str
    connection: socket.socket
    since: float
    association: Association | None = None
    is_accepted: bool = False
    is_cut: bool = False

    @property
    def is_over(self) -> bool:
        association = self.association
        return self.is_cut or (association is not None and association.ident is not None and not association.is_alive())

    @property
    def is_waiting(self) -> bool:
        return not self.is_over and not self.is_accepted

    def cut(self) -> None:
        """Whoever reads from it finds it closed, and the thread that waits for a request ends at once."""
        self.is_cut = True
        if self.association is not None:
            self.association.dul.to_user_queue.put(cast(Any, None))  # as its own time limit would
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@dataclass
class Places:
    """The connections of a door. Its methods may be called from any thread."""

    monotonic: Callable[[], float] = time.monotonic
    _held: list[Place] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self, connection: socket.socket, address: str) -> None:
        """A new connection; the oldest without an association makes room for it."""
        with self._lock:
            self._forget()
            waiting = [place for place in self._held if place.is_waiting]
            mine = [place for place in waiting if place.address == address]
            if len(mine) >= WAITING_OF_AN_ADDRESS:
                mine[0].cut()
            elif len(waiting) >= MAX_WAITING:
                waiting[0].cut()
            self._held.append(Place(address, connection, self.monotonic()))

    def begun(self, connection: socket.socket, association: Association) -> None:
        """The connection is served by this association object, which negotiates next."""
        with self._lock:
            for place in self._held:
                if place.connection is connection:
                    place.association = association

    def accepted(self, association: Association) -> bool:
        """Whether the door, and its address, have a place for this association; then it holds that until it ends."""
        with self._lock:
            self._forget()
            mine = next((place for place in self._held if place.association is association), None)
            associated = [place for place in self._held if place.is_accepted]
            if mine is None or len(associated) >= MAX_ASSOCIATIONS:
                return False
            mine.is_accepted = sum(place.address == mine.address for place in associated) < ASSOCIATIONS_OF_AN_ADDRESS
            return mine.is_accepted

    def cut_overdue(self) -> None:
        """For a call now and then: end what still has no association after NEGOTIATION_S."""
        with self._lock:
            self._forget()
            for place in self._held:
                if place.is_waiting and self.monotonic() - place.since > NEGOTIATION_S:
                    place.cut()

    def _forget(self) -> None:
        self._held = [place for place in self._held if not place.is_over]
