"""Answers that are built while they are sent: ZIP archives with bounded memory. The views decide what they hold.

A download keeps a thread for as long as its client reads, so at most a quarter of the threads serve downloads of
patients at one time, and another quarter downloads of machines. One exam, token or address never has all of these
places, and a client that reads too slowly loses its place (`wsgi/arrival`).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator

from flask import Flask, Response, current_app

from app.errors import Busy
from app.web.callers import of_caller
from app.web.wsgi.thread_places import RETRY_S, Places, of_threads

_PLACES, _MACHINES_PLACES = "cloudfilm.downloads", "cloudfilm.machines-downloads"


class _Outlet(io.RawIOBase):
    """A write-only stream whose bytes are taken out as they come."""

    def __init__(self) -> None:
        self._pending: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self._pending.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pending)
        self._pending.clear()
        return taken


def zip_stream(files: Iterable[tuple[str, Iterator[bytes]]]) -> Iterator[bytes]:
    """A ZIP archive of (name, chunks), piece by piece. It is not deflated, because the contents are compressed
    already."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for name, chunks in files:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as target:
                for chunk in chunks:
                    target.write(chunk)
                    yield outlet.take()
        yield outlet.take()
    yield outlet.take()


def install(app: Flask) -> None:
    threads = app.extensions["cloudfilm"].settings.web_threads
    for places in (_PLACES, _MACHINES_PLACES):
        app.extensions[places] = Places(of_threads(threads, 4))


def stream_zip(
    files: Iterable[tuple[str, Iterator[bytes]]], filename: str, who: str, record: Callable[[], None]
) -> Response:
    """A ZIP archive for a patient. `who`: the caller that is counted; all sessions of an exam count as one. `record` is
    called when it is sure that the download begins. Raises Busy."""

    def begin() -> Response:
        record()
        return Response(zip_stream(files), mimetype="application/zip")

    response = _in_a_place(_PLACES, who, begin)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def for_a_machine(token: str, begin: Callable[[], Response]) -> Response:
    """A large answer for a machine. `begin` is called only when a place is free. Raises Busy."""
    return _in_a_place(_MACHINES_PLACES, token, begin)


def _in_a_place(name: str, who: str, begin: Callable[[], Response]) -> Response:
    """Take a place, and give it back when the answer is sent or broken off. Raises Busy."""
    places: Places = current_app.extensions[name]
    give_back = places.taken(of_caller(places, who))
    if give_back is None:
        raise Busy(RETRY_S)
    try:
        response = begin()
    except BaseException:
        give_back()
        raise
    response.call_on_close(give_back)
    return response
