"""The listening socket of the DIMSE door. Addresses outside of the allow-list are cut off, silent connections cost no
thread. `places` limits the number of connections, `bounds` limits what they send.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, cast

import structlog
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from app.dimse.bounds import bound_messages, bound_pdus
from app.dimse.places import Places
from app.security.addresses import Group

log = structlog.get_logger(__name__)


class BoundedHandler(RequestHandler):
    """Limits each association: PDUs and messages that are too long are refused, and a slow sender's association ends.
    The library alone would keep them in memory and wait without a limit.

    A message that cannot be written or understood also ends the association. In the library alone the thread would die
    and the peer would wait.
    """

    server: AllowListServer

    def _create_association(self) -> Association:
        association = super()._create_association()
        assert isinstance(self.request, socket.socket)
        places = self.server.places
        place = places.begun(self.request, association)
        bound_messages(association)
        bound_pdus(association, self.server.ae.maximum_pdu_size, lambda count: places.received(place, count))
        serve: Any = association._serve_request
        served: Any = lambda *message: places.served(place, lambda: serve(*message))  # noqa: E731
        association._serve_request = served  # type: ignore[method-assign]
        return association


def reject_beyond_places(event: Event, places: Places) -> None:
    """Handler of EVT_REQUESTED: reject the association when its address or the door has no place (PS3.8 9.3.4, local
    limit exceeded)."""
    association = event.assoc
    if not places.accepted(association):
        log.warning("a DICOM association was rejected: its address, or the door, has as many as it may have")
        association.acse.send_reject(0x02, 0x03, 0x02)
        evt.trigger(association, evt.EVT_REJECTED, {})
        association.kill()


def _has_ended(connection: socket.socket) -> bool:
    """Whether the peer already closed the connection. For TLS the answer is False: only a real read would tell."""
    if isinstance(connection, ssl.SSLSocket):
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


class AllowListServer(ThreadedAssociationServer):
    """A server that lets only `networks` in. Every other address is cut off before a byte is read."""

    request_queue_size = 128
    """The most connections that wait to be accepted. With the library's 5, many strangers would delay a modality."""

    def __init__(self, *arguments: Any, networks: Sequence[str], **more: Any) -> None:
        self.places = Places()
        self._silent = selectors.DefaultSelector()
        self._is_ending, self._has_ended, self._looked_at = False, threading.Event(), 0.0
        self._allowed = Group(tuple(networks))
        super().__init__(*arguments, **more)
        self.bind(evt.EVT_REQUESTED, reject_beyond_places, [self.places])

    @property
    def port(self) -> int:
        return self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept without a TLS handshake, so that a silent client does not stop the door. The first read does it."""
        assert self.socket is not None
        connection, address = self.socket.accept()
        if self.ssl_context and self._is_allowed(address[0]):
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        allowed = self._is_allowed(client_address[0])
        if not allowed:
            log.warning("DICOM connection refused: its address is not allowed", client=client_address[0])
            return False
        return self.places.arrived(request, str(client_address[0]))

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Accept connections. A connection gets threads only with its first byte, so a silent one costs no thread."""
        self._silent.register(self, selectors.EVENT_READ)
        try:
            while not self._is_ending:
                for key, _ in self._silent.select(poll_interval):
                    if key.fileobj is self:
                        cast(Any, self)._handle_request_noblock()
                    else:
                        self._spoke(cast(socket.socket, key.fileobj), key.data)
                self.service_actions()
        finally:
            for key in list(self._silent.get_map().values()):
                if key.fileobj is not self:
                    self.shutdown_request(cast(socket.socket, key.fileobj))
            self._silent.close()
            self._has_ended.set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._silent.register(request, selectors.EVENT_READ, client_address)

    def _spoke(self, connection: socket.socket, address: Any) -> None:
        self._silent.unregister(connection)
        if self.places.is_held(connection) and not _has_ended(connection):
            super().process_request(connection, address)
        else:
            self.shutdown_request(connection)

    def service_actions(self) -> None:
        """Runs after each round of the loop, at least twice a second."""
        if time.monotonic() - self._looked_at < 0.25:
            return
        self._looked_at = time.monotonic()
        super().service_actions()
        self.places.look_after(self.ae.network_timeout or 0.0)

    def shutdown(self) -> None:
        """Stop listening. Present associations go on."""
        self._is_ending = True
        self._has_ended.wait()
        self.server_close()

    def _is_allowed(self, text: str) -> bool:
        return self._allowed.holds(text)
