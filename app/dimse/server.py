"""The listening socket of the DIMSE door: addresses outside of the allow-list are cut off, PDUs and messages have a
largest size and a least speed. How many connections an address has is `places`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from socketserver import TCPServer
from typing import Any

import structlog
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from app.dicom.status import MIB
from app.dimse.places import Places
from app.security.addresses import Group
from app.security.least_speed import LeastSpeed

log = structlog.get_logger(__name__)

COMMAND_BYTES = 64 * 1024
"""Of one message. Commands have a dozen short elements (PS3.7 E.1)."""
DATASET_BYTES = MIB
"""Of a message that is no C-STORE: the library keeps it in memory, and we need none."""
WAITING_MESSAGES = 8
"""Messages sent before the ones in front of them were answered. We negotiate no such window (PS3.7 D.3.3.3)."""
SLOWEST, WINDOW_S = 16 * 1024, 20.0
"""Bytes a second of a PDU or message that has begun, and how far it may fall behind."""
_RECEIVED_BYTES = 64 * 1024


class TooLarge(Exception):
    """A message holds more than it may before a file takes it."""


class BoundedHandler(RequestHandler):
    """Refuses PDUs and messages that are longer than agreed, and ends the association of a slow sender: the library
    would hold them in memory and wait without a limit. A message that cannot be written or understood ends the
    association too: in the library the thread would die and the peer would wait."""

    server: AllowListServer

    def _create_association(self) -> Association:
        association = super()._create_association()
        _bound_messages(association)
        _bound_pdus(association, self.server.ae.maximum_pdu_size)
        assert isinstance(self.request, socket.socket)
        self.server.places.begun(self.request, association)
        return association


def _bound_messages(association: Association) -> None:
    dimse: Any = association.dimse
    take = dimse.receive_primitive

    def taken_or_aborted(primitive: Any) -> None:
        try:
            _check_commands(dimse, primitive)
            take(primitive)
            _check_kept(dimse)
        except TooLarge as error:
            log.warning("an association was aborted: a message is larger than the limit", limit=str(error))
            association.abort(block=False)
        except Exception as error:
            log.error("an association was aborted: what it sent cannot be taken", exc_info=error)
            association.abort(block=False)

    dimse.receive_primitive = taken_or_aborted


def _check_commands(dimse: Any, primitive: Any) -> None:
    """Before they are decoded."""
    kept = dimse.message.encoded_command_set.tell() if dimse.message is not None else 0
    fragments = getattr(primitive, "presentation_data_value_list", None) or ()
    commands = sum(len(data) for _, data in fragments if data[0] & 1)
    if kept + commands > COMMAND_BYTES:
        raise TooLarge("of commands")


def _check_kept(dimse: Any) -> None:
    message = dimse.message
    if message is not None and message._data_set_file is None and message.data_set.tell() > DATASET_BYTES:
        raise TooLarge("of data sets without a file")
    if dimse.msg_queue.qsize() > WAITING_MESSAGES:
        raise TooLarge("of messages that wait")


def _bound_pdus(association: Association, longest: int) -> None:
    connection: Any = association.dul.socket
    connection.recv = _receiver(connection, association, longest)


def _receiver(connection: Any, association: Association, longest: int) -> Callable[[int], bytearray]:
    """What reads a PDU's bytes. Raises OSError: the library takes the connection for closed."""
    speed = LeastSpeed(SLOWEST, WINDOW_S)
    dimse: Any = association.dimse

    def receive(count: int) -> bytearray:
        if count > longest:
            raise OSError("a PDU is longer than agreed")
        if dimse.message is None:
            speed.rest()  # between messages nobody has to send
        received = bytearray()
        while len(received) < count:
            if not speed.is_kept():
                raise TimeoutError("a message comes too slowly")
            connection.socket.settimeout(speed.left_s())
            piece = connection.socket.recv(min(count - len(received), _RECEIVED_BYTES))
            if not piece:
                break
            received += piece
            speed.moved(len(piece))
        return received

    return receive


def reject_beyond_places(event: Event, places: Places) -> None:
    """For EVT_REQUESTED: no more associations of an address, or in all, than there are places (PS3.8 9.3.4, local limit
    exceeded)."""
    association = event.assoc
    if not places.accepted(association):
        log.warning("a DICOM association was rejected: its address, or the door, has as many as it may have")
        association.acse.send_reject(0x02, 0x03, 0x02)
        evt.trigger(association, evt.EVT_REJECTED, {})
        association.kill()


class AllowListServer(ThreadedAssociationServer):
    """`networks` are let in. All others are cut off before a byte is read."""

    request_queue_size = 128
    """Connections that wait to be accepted: with the library's 5 a burst of strangers would delay a modality."""

    def __init__(self, *arguments: Any, networks: Sequence[str], **more: Any) -> None:
        self.places = Places()
        self._allowed = Group(tuple(networks))
        super().__init__(*arguments, **more)
        self.bind(evt.EVT_REQUESTED, reject_beyond_places, [self.places])

    @property
    def port(self) -> int:
        return self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept without a TLS handshake, which comes with the first read: a silent client must not stop the door."""
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
        self.places.arrived(request, str(client_address[0]))
        return True

    def service_actions(self) -> None:
        """The server calls it twice a second."""
        super().service_actions()
        self.places.cut_overdue()

    def shutdown(self) -> None:
        """Stop listening; associations under way go on."""
        TCPServer.shutdown(self)
        self.server_close()

    def _is_allowed(self, text: str) -> bool:
        return self._allowed.holds(text)
