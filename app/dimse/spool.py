"""The folder for datasets while they are received. Their size is limited. Storing them is in app/services/ingest.

The protocol library writes each dataset to a named temporary file and removes the file only after the answer. This
module sets the folder, and removes files that a broken association or a killed process left behind.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from pynetdicom import evt
from pynetdicom.events import Event

from app.services.ingest.incoming import KEPT_OF_OVERSIZED_BYTES

log = structlog.get_logger(__name__)


class Spool:
    """Owns `folder`, which is the process's folder for temporary files until `close`. For a dataset that is too large,
    `oversized` is called with its first bytes and the calling AE title."""

    def __init__(self, folder: Path, largest_dataset: int, oversized: Callable[[BinaryIO, str], None]) -> None:
        self._largest = largest_dataset
        self._oversized = oversized
        self._received: dict[int, int] = {}
        self._aborted: set[int] = set()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in folder.iterdir():
            left_over.unlink()
        self._before = tempfile.tempdir
        tempfile.tempdir = str(folder)

    def handlers(self) -> list[tuple[Any, Callable[[Event], None]]]:
        return [
            (evt.EVT_DATA_RECV, self._data_received),
            (evt.EVT_DIMSE_RECV, self._message_complete),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]

    def close(self) -> None:
        tempfile.tempdir = self._before

    def _data_received(self, event: Event) -> None:
        association = id(event.assoc)
        total = self._received.get(association, 0) + len(event.data)
        self._received[association] = total
        if total > self._largest and association not in self._aborted:  # more pieces may come before it ends
            self._aborted.add(association)
            log.warning("an association was aborted: its dataset is larger than the limit")
            try:
                self._keep_start(event)
            finally:
                event.assoc.abort()

    def _keep_start(self, event: Event) -> None:
        message = event.assoc.dimse.message
        if message is not None and message._data_set_file is not None:
            message._data_set_file.file.flush()
            with Path(message._data_set_file.name).open("rb") as file:
                start = io.BytesIO(file.read(KEPT_OF_OVERSIZED_BYTES))
            self._oversized(start, event.assoc.requestor.ae_title)

    def _message_complete(self, event: Event) -> None:
        self._received.pop(id(event.assoc), None)

    def _closed(self, event: Event) -> None:
        self._received.pop(id(event.assoc), None)
        self._aborted.discard(id(event.assoc))
        unfinished = event.assoc.dimse.message
        if unfinished is not None and unfinished._data_set_file is not None:
            with suppress(OSError):  # the disk may have no room for the buffered bytes
                unfinished._data_set_file.close()
            with suppress(OSError):
                Path(unfinished._data_set_file.name).unlink()
