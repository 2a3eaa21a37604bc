"""The listening socket of the DIMSE door: addresses outside of the allow-list are cut off, PDUs have a largest size."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from socketserver import TCPServer
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from app.security.addresses import Group

log = structlog.get_logger(__name__)

# An A-ASSOCIATE-RQ of 128 presentation contexts with 64 transfer syntaxes each stays below this (PS3.8 9.3.2).
_LONGEST_ASSOCIATE_RQ = 1024 * 1024


class BoundedHandler(RequestHandler):
    """Refuses PDUs that are longer than agreed: the library would hold them in memory. A message that cannot be written
    or understood ends the association: in the library the thread would die and the peer would wait."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        dimse: Any = association.dimse
        take = dimse.receive_primitive

        def taken_or_aborted(primitive: Any) -> None:
            try:
                take(primitive)
            except Exception as error:
                log.error("an association was aborted: what it sent cannot be taken", exc_info=error)
                association.abort(block=False)

        dimse.receive_primitive = taken_or_aborted
        connection: Any = association.dul.socket
        longest = max(self.server.ae.maximum_pdu_size, _LONGEST_ASSOCIATE_RQ)
        receive = connection.recv

        def bounded(count: int) -> bytearray:
            if count > longest:
                raise OSError("a PDU is longer than agreed")
            received: bytearray = receive(count)
            return received

        connection.recv = bounded
        return association


class AllowListServer(ThreadedAssociationServer):
    """`networks` are let in. All others are cut off before a byte is read."""

    def __init__(self, *arguments: Any, networks: Sequence[str], **more: Any) -> None:
        self._allowed = Group(tuple(networks))
        super().__init__(*arguments, **more)

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
        return allowed

    def shutdown(self) -> None:
        """Stop listening; associations under way go on."""
        TCPServer.shutdown(self)
        self.server_close()

    def _is_allowed(self, text: str) -> bool:
        return self._allowed.holds(text)
