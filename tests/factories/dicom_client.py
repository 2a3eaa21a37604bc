"""A sending device: one association to the DICOM door."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pydicom
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]

from deploy.testbed.servers import CALLING_AE

CALLED, CALLING = "CLOUDFILM", CALLING_AE


def associate(port: int, called: str = CALLED, calling: str = CALLING, **more: Any) -> Association:
    ae = AE(ae_title=calling)
    ae.add_requested_context(Verification)
    ae.add_requested_context(CTImageStorage, more.pop("syntaxes", None) or "1.2.840.10008.1.2.1")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    answers: list[Any] = []
    heard = [(evt.EVT_PDU_RECV, lambda event: answers.append(event.pdu)), *more.pop("more_handlers", ())]
    association = ae.associate("127.0.0.1", port, ae_title=called, evt_handlers=heard, **more)
    if not association.is_established:
        _close(association)
        # The library takes a rejection that comes before its own thread looked again for a connection never made.
        association.is_rejected = any(isinstance(answer, A_ASSOCIATE_RJ) for answer in answers)
    return association


def _close(association: Association) -> None:
    """The library leaves the socket of a refused connection open."""
    association.dul.join(timeout=5)
    connection = association.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.close()


def send(association: Association, files: Iterable[bytes]) -> list[int]:
    """Statuses of the C-STOREs, in order; -1 where no answer came."""
    return [int(association.send_c_store(pydicom.dcmread(io.BytesIO(file))).get("Status", -1)) for file in files]
