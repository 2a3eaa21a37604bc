"""What one association may send: sizes of PDUs and messages, and a least speed. `places` limits how many associations
there are, `spool` limits the size of a data set that goes to a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from pynetdicom.association import Association

from app.dicom.status import MIB
from app.security.least_speed import LeastSpeed

log = structlog.get_logger(__name__)

COMMAND_BYTES = 64 * 1024
"""The most bytes of one message's command. A command has a dozen short elements (PS3.7 E.1)."""
DATASET_BYTES = MIB
"""The most bytes of a data set in a message other than C-STORE. The library keeps it in memory; we never need it."""
WAITING_MESSAGES = 8
"""The most messages that wait for the answer of an earlier message. We negotiate no such window (PS3.7 D.3.3.3)."""
SLOWEST, WINDOW_S = 16 * 1024, 20.0
"""The least bytes a second of a PDU or message that has begun, and by how many seconds it may fall behind."""
_RECEIVED_BYTES = 64 * 1024


class TooLarge(Exception):
    """Messages of an association take more memory than they may."""


def bound_messages(association: Association) -> None:
    dimse: Any = association.dimse
    take = dimse.receive_primitive

    def taken_or_aborted(primitive: Any) -> None:
        try:
            _check_commands(dimse, primitive)
            take(primitive)
            _check_kept(dimse)
        except TooLarge as error:
            log.warning("an association was aborted: a message is larger than the limit", exc_info=error)
            association.abort(block=False)
        except Exception as error:
            log.error("an association was aborted: what it sent cannot be taken", exc_info=error)
            association.abort(block=False)

    dimse.receive_primitive = taken_or_aborted


def _check_commands(dimse: Any, primitive: Any) -> None:
    """Raises TooLarge before the library decodes a command that is too large."""
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


def bound_pdus(association: Association, longest: int, received_some: Callable[[int], None]) -> None:
    connection: Any = association.dul.socket
    connection.recv = _receiver(connection, association, longest, received_some)


def _receiver(
    connection: Any, association: Association, longest: int, received_some: Callable[[int], None]
) -> Callable[[int], bytearray]:
    """A function that reads a PDU's bytes. It raises OSError at a breach; the library then treats the connection as
    closed."""
    speed = LeastSpeed(SLOWEST, WINDOW_S)
    dimse: Any = association.dimse

    def receive(count: int) -> bytearray:
        if count > longest:
            raise OSError("a PDU is longer than agreed")
        if dimse.message is None:
            speed.rest()  # between messages the peer may be silent
        received = bytearray()
        while len(received) < count:
            if not speed.is_kept():
                raise TimeoutError("a message comes too slowly")
            connection.socket.settimeout(speed.left_s())
            piece = connection.socket.recv(min(count - len(received), _RECEIVED_BYTES))
            received_some(len(piece))
            if not piece:
                break
            received += piece
            speed.moved(len(piece))
        return received

    return receive
