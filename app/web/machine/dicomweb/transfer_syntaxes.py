"""Which media type the frames of a transfer syntax have (PS3.18 table 8.7.3-5), and which of them a client accepts.

Nothing is transcoded: frames and instances are sent as they were stored, or not at all. Only big-endian frames are
swapped.
"""

from __future__ import annotations

from app.web.machine.dicomweb.media_types import MediaType

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
OCTETS = "application/octet-stream"
_NATIVE = frozenset({"1.2.840.10008.1.2", EXPLICIT_LITTLE_ENDIAN, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"})
_MEDIA_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.53": "image/jpeg",
    "1.2.840.10008.1.2.4.55": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}


def frame_syntax(stored: str) -> str:
    """How frames of a stored object are sent: native frames are plain little endian, whatever the object is."""
    return EXPLICIT_LITTLE_ENDIAN if stored in _NATIVE else stored


def frame_media_type(stored: str, wanted: list[MediaType]) -> str | None:
    """The media type for the frames of a stored object that the client likes best; None when it accepts none."""
    syntax = frame_syntax(stored)
    own = _MEDIA_TYPES.get(syntax, OCTETS)
    for item in wanted:
        if item.name not in ("multipart/related", "*/*", "multipart/*"):
            continue
        if item.transfer_syntax not in ("", "*", syntax):
            continue
        if item.root in ("", "*/*", "multipart/*", own, own.partition("/")[0] + "/*"):
            return own
        # Compressed frames are sent as plain octets only to a client that names the encoding or takes any.
        if item.root == OCTETS and (syntax == EXPLICIT_LITTLE_ENDIAN or item.transfer_syntax):
            return OCTETS
    return None


def instances_accepted(stored: set[str], wanted: list[MediaType], *, single: bool) -> MediaType | None:
    """The form of whole instances with these transfer syntaxes that the client likes best; None when it accepts none.

    Its name is `multipart/related`, or for a `single` instance perhaps `application/dicom`.
    """
    for item in wanted:
        if item.transfer_syntax not in ("", "*") and stored != {item.transfer_syntax}:
            continue
        if item.name in ("*/*", "multipart/*") or (item.name, item.root) in (
            ("multipart/related", ""),
            ("multipart/related", "application/dicom"),
        ):
            return MediaType("multipart/related")
        if single and item.name in ("application/dicom", "application/*"):
            return MediaType("application/dicom")
    return None
