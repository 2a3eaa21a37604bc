"""Addresses of DICOMweb resources: checks the UIDs in them and makes the URLs of answers. Rows are looked up in
services.

A client that knows us by the host of CLOUDFILM_BASE_URL gets absolute URLs. One that came by another host, because a
proxy of its own leads to us or the demo listens elsewhere, may not reach that host: it gets relative ones, which begin
with `/dicomweb/` (RFC 3986 4.2). So no host that a request names ever stands in an answer.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from app.dicom.uids import is_uid
from app.errors import InvalidInput
from app.web.context import services


def checked_uid(text: str) -> str:
    """`text` when it is a UID. Raises InvalidInput."""
    if not is_uid(text):
        raise InvalidInput("UID", "is not valid")
    return text


def retrieve_url(study_uid: str, series_uid: str | None = None, sop_uid: str | None = None) -> str:
    """WADO-RS address of a study, series or instance."""
    address = f"{origin()}/dicomweb/studies/{study_uid}"
    if series_uid:
        address += f"/series/{series_uid}"
    if sop_uid:
        address += f"/instances/{sop_uid}"
    return address


def origin() -> str:
    """What the addresses of this answer begin with: CLOUDFILM_BASE_URL, or nothing."""
    base_url = services().settings.base_url
    named = request.headers.get("X-Forwarded-Host", "").partition(",")[0].strip() or request.host
    return base_url if _names(base_url, named.lower()) else ""


def _names(base_url: str, host: str) -> bool:
    """Whether a Host header is that of this URL. A proxy may leave the port out, so a host without one fits any."""
    ours = urlsplit(base_url.lower())
    default = {"https": ":443", "http": ":80"}.get(ours.scheme, "")
    return host.removesuffix(default) in (ours.netloc.removesuffix(default), ours.netloc.rpartition(":")[0])
