"""The DIMSE door: C-STORE and C-ECHO SCP (PS3.4 B.2, PS3.7 9.1). The socket and the allow-list are in `server`.

A dataset goes to a file from its first fragment on: a Part-10 header, then the bytes as they were sent. The door
answers only after the ingest service made the dataset durable. Nothing is decoded or transcoded here.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import structlog
from pynetdicom import AE, VerificationPresentationContexts, _config, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from app.config import Settings
from app.dicom.header_fields import DeclaredUids
from app.dicom.status import CANNOT_UNDERSTAND, MIB, OUT_OF_RESOURCES
from app.dimse.contexts import offer_storage_only
from app.dimse.places import MAX_ASSOCIATIONS, MAX_WAITING, NEGOTIATION_S
from app.dimse.server import AllowListServer, BoundedHandler
from app.dimse.spool import Spool
from app.dimse.tls import tls_context
from app.errors import OUTAGES
from app.services.ingest.incoming import OVERSIZED, DoorName, IncomingObject, Refused
from app.services.ingest.ingest import Ingest

log = structlog.get_logger(__name__)

SUCCESS = 0x0000
MAX_PDU_BYTES = 256 * 1024
"""The most bytes of a PDU. An A-ASSOCIATE-RQ with 128 contexts of 28 transfer syntaxes is smaller (PS3.8 9.3.2)."""
NETWORK_TIMEOUT_S = 30
"""An association that is idle for longer ends. Its device then asks for a new association."""


@dataclass
class Door:
    """A listening door. `port` is the real port, also when the settings say 0."""

    port: int
    _server: AllowListServer
    _thread: threading.Thread
    _spool: Spool

    def stop(self, grace_s: float = 20.0) -> None:
        """Take no new associations, wait for the present ones to end, and abort the rest after `grace_s` seconds."""
        self._server.shutdown()
        self._thread.join()
        deadline = time.monotonic() + grace_s
        while any(item.is_established for item in self._server.active_associations) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._server.places.cut_waiting()
        for association in self._server.active_associations:
            if association.is_established:
                association.abort()
        self._spool.close()


def start_door(settings: Settings, ingest: Ingest) -> Door:
    """Listen in a new thread. A process has one door, and only this door uses the spool folder."""
    # Every storage class, also private ones: every object can be kept as received.
    _config.UNRESTRICTED_STORAGE_SERVICE = True
    offer_storage_only()
    _config.STORE_RECV_CHUNKED_DATASET = True
    spool = Spool(settings.spool_dir / "scp", settings.max_instance_mib * MIB, partial(_quarantine_start, ingest))
    ae = AE(ae_title=settings.dicom_ae_title)
    ae.supported_contexts = VerificationPresentationContexts
    ae.maximum_associations = MAX_ASSOCIATIONS + MAX_WAITING  # the library counts both together; `places` counts apart
    ae.maximum_pdu_size = MAX_PDU_BYTES
    ae.acse_timeout = ae.dimse_timeout = NEGOTIATION_S
    ae.network_timeout = NETWORK_TIMEOUT_S
    ae.require_called_aet = True
    if not settings.dicom_calling_aes:
        log.warning("the DICOM door lets nobody in: no calling AE title is allowed")
    # An empty list would let everybody in. A random title, which nobody knows, lets nobody in.
    ae.require_calling_aet = list(settings.dicom_calling_aes) or [secrets.token_hex(8)]
    server = AllowListServer(
        ae,
        (settings.dicom_host, settings.dicom_port),
        settings.dicom_ae_title,
        ae.supported_contexts,
        tls_context(settings),
        [(evt.EVT_C_STORE, _store, [ingest]), *spool.handlers()],
        networks=settings.dicom_addresses,
        request_handler=BoundedHandler,
    )
    thread = threading.Thread(target=server.serve_forever, name="dicom-door", daemon=True)
    thread.start()
    log.info("the DICOM door listens", port=server.port, tls=bool(settings.dicom_tls_cert))
    return Door(server.port, server, thread, spool)


def _quarantine_start(ingest: Ingest, start: BinaryIO, calling_ae: str) -> None:
    try:
        ingest.receive([IncomingObject(start, fault=OVERSIZED)], DoorName.SCP, f"scp:{calling_ae}")
    except Exception as error:  # nothing is lost: the sender got no success
        log.error("the start of an oversized instance could not be kept", exc_info=error)


def _store(event: Event, ingest: Ingest) -> int:
    """The status of one C-STORE (PS3.4 table B.2-1)."""
    request = cast(C_STORE, event.request)
    path = cast("Path | None", event.dataset_path)
    if path is None:
        return CANNOT_UNDERSTAND
    declared = DeclaredUids(sop_class_uid=request.AffectedSOPClassUID, sop_instance_uid=request.AffectedSOPInstanceUID)
    try:
        with path.open("rb") as file:
            [outcome] = ingest.receive(
                [IncomingObject(file, declared=declared)], DoorName.SCP, f"scp:{event.assoc.requestor.ae_title}"
            )
    except (*OUTAGES, OSError) as error:
        log.error("an instance could not be stored", exc_info=error)
        return OUT_OF_RESOURCES
    except Exception as error:
        # An answer other than success is always safe: the sender keeps its copy and tries again.
        log.error("an instance could not be processed", exc_info=error)
        return CANNOT_UNDERSTAND
    return outcome.dicom_code if isinstance(outcome, Refused) else SUCCESS
