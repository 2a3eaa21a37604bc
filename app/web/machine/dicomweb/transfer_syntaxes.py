"""In which media type and transfer syntax instances and frames go to a client (PS3.18 8.7.3, tables 8.7.3-2 to -5).

A client that names no transfer syntax gets Explicit VR Little Endian, unless only lossy pixels are stored; `*` gets
the stored bytes. Nothing is compressed anew. Converting itself is in app/services/dicomweb/explicit_files.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.dicom.explicit_little_endian import EXPLICIT_LITTLE_ENDIAN
from app.services.dicomweb.explicit_files import DECODABLE, UNCOMPRESSED, WITHOUT_LOSS
from app.web.machine.dicomweb.media_types import MediaType

OCTETS, DICOM = "application/octet-stream", "application/dicom"
AS_STORED = "*"
_MULTIPART = ("*/*", "multipart/*", "multipart/related")
_ANY_ROOT = ("", "*/*", "multipart/*")
IMAGE_TYPES = {
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
_FORMER_TYPES = {"image/x-jls": "image/jls", "image/x-dicom-rle": "image/dicom-rle", "image/jhc": "image/jphc"}
"""Names of media types that older clients ask by, dicomweb-client for JavaScript among them."""


@dataclass(frozen=True)
class InstancesForm:
    """`syntaxes`: for each stored transfer syntax the one to send, AS_STORED or Explicit VR Little Endian. `is_strict`:
    the client named it, so an instance that cannot be converted is not acceptable."""

    is_multipart: bool
    syntaxes: dict[str, str]
    is_strict: bool


@dataclass(frozen=True)
class FrameForm:
    """`is_decoded`: frames go out as native pixels; else as they are stored, native ones in little endian."""

    media_type: str
    transfer_syntax: str
    is_multipart: bool
    is_decoded: bool

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


def frame_syntax(stored: str) -> str:
    """How frames of a stored object are sent as they are: native ones are plain little endian."""
    return EXPLICIT_LITTLE_ENDIAN if stored in UNCOMPRESSED else stored


def default_syntax(stored: str) -> str:
    """What a client gets that names no transfer syntax: EXPLICIT_LITTLE_ENDIAN or AS_STORED (PS3.18 8.7.3.3)."""
    return EXPLICIT_LITTLE_ENDIAN if stored in WITHOUT_LOSS else AS_STORED


def instances_form(
    stored: Iterable[str], wanted: list[MediaType], *, single: bool, only_headers: bool = False
) -> InstancesForm | None:
    """How whole instances with these transfer syntaxes go to this client; None when it accepts no form.

    `single`: a single instance may also come alone. `only_headers`: no instance has pixels.
    """
    stored = sorted(set(stored))
    for is_multipart in _packagings(wanted, single=single):
        items = [item for item in wanted if _is_instances(item, is_multipart=is_multipart)]
        syntaxes = {syntax: _instance_syntax(syntax, items, only_headers=only_headers) for syntax in stored}
        if None not in syntaxes.values():
            found = {syntax: chosen for syntax, chosen in syntaxes.items() if chosen is not None}
            return InstancesForm(is_multipart, found, all(item.transfer_syntax for item in items))
    return None


def _packagings(wanted: list[MediaType], *, single: bool) -> list[bool]:
    """Whether multipart, in the client's order."""
    found = [item.name in _MULTIPART for item in wanted]
    return [is_multipart for is_multipart in dict.fromkeys(found) if is_multipart or single]


def _is_instances(item: MediaType, *, is_multipart: bool) -> bool:
    if is_multipart:
        return item.name in _MULTIPART and item.root in (*_ANY_ROOT, DICOM)
    return item.name in (DICOM, "application/*")


def _instance_syntax(stored: str, items: list[MediaType], *, only_headers: bool) -> str | None:
    for item in items:
        named = item.transfer_syntax
        if named in (AS_STORED, stored):
            return AS_STORED
        if not named:
            return default_syntax(stored)
        if named == EXPLICIT_LITTLE_ENDIAN and (stored in DECODABLE or only_headers):
            return EXPLICIT_LITTLE_ENDIAN
    return None


def frame_form(stored: str, wanted: list[MediaType], *, single: bool) -> FrameForm | None:
    """How the frames of a stored object go to this client; None when it accepts no form. `single`: it is one frame,
    which may also come alone."""
    for item in wanted:
        is_multipart = item.name in _MULTIPART
        if is_multipart or single:
            found = _frame_form(stored, item, is_multipart=is_multipart)
            if found is not None:
                return found
    return None


def _frame_form(stored: str, item: MediaType, *, is_multipart: bool) -> FrameForm | None:
    syntax, named = frame_syntax(stored), item.transfer_syntax
    own, root = IMAGE_TYPES.get(syntax, OCTETS), _FORMER_TYPES.get(item.root, item.root)
    is_any = is_multipart and root in _ANY_ROOT
    decoded = FrameForm(OCTETS, EXPLICIT_LITTLE_ENDIAN, is_multipart, is_decoded=stored not in UNCOMPRESSED)
    if (is_any or root in (OCTETS, "application/*")) and stored in DECODABLE:
        prefers = default_syntax(stored) if is_any else EXPLICIT_LITTLE_ENDIAN
        if (named or prefers) == EXPLICIT_LITTLE_ENDIAN:
            return decoded
    if named not in ("", AS_STORED, syntax):
        return None
    if is_any or root in (own, own.partition("/")[0] + "/*"):
        return FrameForm(own, syntax, is_multipart, is_decoded=False)
    # Compressed frames are plain octets only for a client that names the encoding or takes any.
    if root == OCTETS and (named or syntax == EXPLICIT_LITTLE_ENDIAN):
        return FrameForm(OCTETS, syntax, is_multipart, is_decoded=False)
    return None
