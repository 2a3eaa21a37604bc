"""Addresses of DICOMweb resources: checks the UIDs in them and makes the URLs of answers. Rows are looked up in
services."""

from __future__ import annotations

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
    address = f"{services().settings.base_url}/dicomweb/studies/{study_uid}"
    if series_uid:
        address += f"/series/{series_uid}"
    if sop_uid:
        address += f"/instances/{sop_uid}"
    return address
