"""Answers that are built while they are sent: ZIP archives with bounded memory. The views decide what they hold.

A download keeps a thread for as long as its client reads, so at most a quarter of the threads serve downloads of
patients at one time, and another quarter downloads of machines. One exam, token or address never has all of these
places, and a client that reads too slowly loses its place (`wsgi/arrival`).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence

from flask import Flask, Response, current_app, request

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


def zip_length(sizes: Sequence[tuple[str, int]]) -> int:
    """The bytes of `zip_stream` for files of these names and sizes: what `zipfile` writes to a stream that it cannot
    seek in (APPNOTE.TXT 4.3: local headers with ZIP64, descriptors, the central directory)."""
    at = central = 0
    for name, size in sizes:
        characters = len(name.encode())
        wide = 16 * (size > zipfile.ZIP64_LIMIT) + 8 * (at > zipfile.ZIP64_LIMIT)
        central += 46 + characters + (4 + wide if wide else 0)
        at += 30 + characters + 20 + size + 24
    many = len(sizes) > zipfile.ZIP_FILECOUNT_LIMIT or max(at, central) > zipfile.ZIP64_LIMIT
    return at + central + 22 + (56 + 20 if many else 0)


def with_ranges(response: Response, tags: Iterable[str], length: int) -> None:
    """Give the answer its length and its entity tag, and send a part of it where the client asks for one (RFC 9110
    14). What comes before that part is made and thrown away: so no part of an archive is kept anywhere."""
    digest = hashlib.sha256("\n".join(tags).encode())
    response.set_etag(digest.hexdigest()[:40])
    response.headers["Content-Length"] = str(length)
    asked = dict(request.environ)
    if "," in asked.get("HTTP_RANGE", ""):  # several parts in one answer: nobody needs that of us, the whole will do
        del asked["HTTP_RANGE"]
    try:
        response.make_conditional(asked, accept_ranges=True, complete_length=length)
    except BaseException:
        response.close()  # another answer goes out, and this one gives its place back
        raise


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
