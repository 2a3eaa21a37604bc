"""What the views of WADO-RS share: the resource that an address names, what the client accepts of it, and answers that
take a place or meet a condition. Media types are in `media_types` and `transfer_syntaxes`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, request

from app.dicom.status import MIB
from app.services.dicomweb.stored_instance import StoredInstance
from app.web.context import services
from app.web.downloads import for_a_machine
from app.web.machine.auth import caller
from app.web.machine.dicomweb.addresses import checked_uid, retrieve_url
from app.web.machine.dicomweb.media_types import MediaType, accepted

STUDY = "/studies/<study_uid>"
SERIES = STUDY + "/series/<series_uid>"
INSTANCE = SERIES + "/instances/<sop_uid>"
HELD_BY_PROXY = 2 * MIB
"""Bytes of an answer that nginx takes at once, however slow its reader is (`proxy_buffers` in deploy/nginx.conf)."""


def wanted() -> list[MediaType]:
    return accepted(request.headers.get("Accept"), request.args.get("accept"))


def find(uids: dict[str, str], what: str, *, with_images: bool = False) -> list[StoredInstance]:
    """Find what the address names. Raises InvalidInput, NotFound."""
    ordered = tuple(checked_uid(uids[key]) for key in ("study_uid", "series_uid", "sop_uid") if key in uids)
    return services().dicomweb.retrieve.find(ordered, f"machine:{caller().name}", what, with_images=with_images)


def address(found: StoredInstance) -> str:
    return retrieve_url(found.study_uid, found.series_uid, found.sop_uid)


def in_a_place(found: list[StoredInstance], begin: Callable[[], Response]) -> Response:
    """An answer that the proxy in front holds whole keeps no thread and needs no place. `found` is with images."""
    if sum(map(_most_bytes, found)) <= HELD_BY_PROXY:
        return begin()
    return for_a_machine(f"machine:{caller().name}", begin)


def _most_bytes(found: StoredInstance) -> int:
    """Of the instance in any form: a small compressed one may be large decoded."""
    header = found.row.image_header or {}
    samples = header.get("rows", 0) * header.get("columns", 0) * header.get("samples_per_pixel", 1)
    decoded: int = samples * found.row.number_of_frames * header.get("bits_allocated", 8) // 8
    return max(found.row.size, decoded)


def with_tag(response: Response, found: list[StoredInstance], form: str, length: int | None = None) -> Response:
    """The answer with its entity tag; 304 where the client has it already, and a part of it when it asks for one.

    `form`: what else decides the bytes, e.g. the media type. `length`: of the whole body, in bytes, where only one body
    is sent: then ranges of bytes are served (RFC 9110 14).
    """
    digest = hashlib.sha256(form.encode())
    for item in found:
        digest.update(item.row.sha256)
    response.set_etag(digest.hexdigest()[:40], weak=length is None)
    if length is None:
        return response.make_conditional(request)  # type: ignore[return-value]
    response.headers["Content-Length"] = str(length)
    return response.make_conditional(request, accept_ranges=True, complete_length=length)  # type: ignore[return-value]
