"""Patients, senders and a modality that do their work while others attack, for `tests.soak`: what they waited, and what
was refused to them. All from 127.0.0.1, through nginx and the DICOM door.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories.dicom_client import associate, send

PATIENTS = 2
PATIENT_PAUSE_S, UPLOAD_PAUSE_S, DOWNLOAD_PAUSE_S, DICOM_PAUSE_S = 0.02, 0.5, 1.0, 0.5
TIME_LIMIT_S = 60


@cache
def blind() -> ssl.SSLContext:
    """For our own certificate of a day; made once."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass
class Figures:
    """`waited`: seconds of each page and picture; of the others the seconds of what went well, and how many did not."""

    waited: list[float] = field(default_factory=list)
    faults: int = 0
    uploads: list[float] = field(default_factory=list)
    uploads_refused: int = 0
    downloads: list[float] = field(default_factory=list)
    downloads_refused: int = 0
    stores: list[float] = field(default_factory=list)
    stores_refused: int = 0

    @property
    def p95(self) -> float:
        return sorted(self.waited)[int(len(self.waited) * 0.95)] if self.waited else float("inf")

    @property
    def refused(self) -> int:
        return self.faults + self.uploads_refused + self.downloads_refused + self.stores_refused


@dataclass(frozen=True, kw_only=True)
class Honest:
    """Who works. `cookie` opens `exam`, whose address it is; `token` uploads."""

    https: int
    dicom: int
    cookie: str
    exam: str
    token: str

    @contextmanager
    def at_work(self) -> Iterator[Figures]:
        """All of them until the block ends."""
        figures, over = Figures(), threading.Event()
        works: list[Callable[[Figures, threading.Event], None]] = [self._patient] * PATIENTS
        works += [self._uploads, self._downloads, self._stores]
        threads = [threading.Thread(target=work, args=(figures, over)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield figures
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _patient(self, figures: Figures, over: threading.Event) -> None:
        paths = [self.exam, f"{self.exam}/manifest.json"]
        paths += [f"{self.exam}/series/1/frames/{k}.jpg?size=512" for k in range(1, 9)]
        while not over.is_set():
            connection = self._connection()
            try:
                for path in paths:
                    started = time.perf_counter()
                    connection.request("GET", path, headers={"Cookie": self.cookie})
                    answer = connection.getresponse()
                    answer.read()
                    figures.waited.append(time.perf_counter() - started)
                    figures.faults += answer.status != 200
                    over.wait(PATIENT_PAUSE_S)
            except (OSError, http.client.HTTPException):
                figures.waited.append(TIME_LIMIT_S)
                figures.faults += 1
            finally:
                connection.close()

    def _uploads(self, figures: Figures, over: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": STOW_TYPE}
        while not over.wait(UPLOAD_PAUSE_S):
            data = body([part10(ct_slice(side=256, AccessionNumber="")) for _ in range(3)])
            seconds = self._whole("POST", "/dicomweb/studies", data, headers)
            figures.uploads += [] if seconds is None else [seconds]
            figures.uploads_refused += seconds is None

    def _downloads(self, figures: Figures, over: threading.Event) -> None:
        while not over.wait(DOWNLOAD_PAUSE_S):
            seconds = self._whole("GET", f"{self.exam}/dicom.zip", None, {"Cookie": self.cookie})
            figures.downloads += [] if seconds is None else [seconds]
            figures.downloads_refused += seconds is None

    def _whole(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> float | None:
        """How long it took; None when it was refused or broken off."""
        connection, started = self._connection(), time.perf_counter()
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            answer.read()
            return time.perf_counter() - started if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _stores(self, figures: Figures, over: threading.Event) -> None:
        while not over.wait(DICOM_PAUSE_S):
            started = time.perf_counter()
            association = associate(self.dicom)
            is_stored = association.is_established and send(association, [part10(ct_slice(AccessionNumber=""))]) == [0]
            if association.is_established:
                association.release()
            figures.stores += [time.perf_counter() - started] if is_stored else []
            figures.stores_refused += not is_stored

    def _connection(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.https, timeout=TIME_LIMIT_S, context=blind())
