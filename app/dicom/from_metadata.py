"""DICOM JSON and its bulk data -> a Part-10 file (PS3.18 8.6.1.2.2, PS3.10 7). The sender is not trusted: every fault
ends as RefusedObject. What the object then is worth is judged like that of any other file, in `part10`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND
from app.errors import RefusedObject

_PIXELS, _SYNTAX = "7FE00010", "00083002"
_NATIVE = ExplicitVRLittleEndian


@dataclass(frozen=True)
class BulkPart:
    """One value that came apart. `transfer_syntax_uid`: of compressed pixels; empty when the sender names none."""

    file: BinaryIO
    transfer_syntax_uid: str = ""

    def read(self) -> bytes:
        self.file.seek(0)
        return self.file.read()


def write_part10(model: Mapping[str, Any], bulk: Mapping[str, BulkPart], to: BinaryIO) -> None:
    """Write the instance that `model` describes. `bulk`: by address. Pixels in parts with one transfer syntax are one
    fragment each; all others are native little endian. Raises RefusedObject."""
    try:
        dataset = Dataset.from_json(dict(_without_meta(model)), lambda _tag, _vr, address: bulk[str(address)].read())
        pixels = bulk.get(str(model.get(_PIXELS, {}).get("BulkDataURI")))
        syntax = UID(pixels.transfer_syntax_uid) if pixels and pixels.transfer_syntax_uid else _NATIVE
        if pixels is not None and syntax.is_compressed and not syntax.is_deflated:
            dataset.PixelData = encapsulate([pixels.read()], has_bot=False)
            dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        elif syntax != _NATIVE:
            syntax = _NATIVE
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dcmwrite(to, dataset, enforce_file_format=True)
    except Exception:  # values of any kind in any place: pydicom may raise any error
        raise RefusedObject(Refusal.NOT_DICOM_PART, CANNOT_UNDERSTAND) from None
    to.seek(0)


def _without_meta(model: Mapping[str, Any]) -> dict[str, Any]:
    """Group 0002 and the transfer syntax that a server tells with metadata are none of the object's own."""
    return {tag: element for tag, element in model.items() if tag != _SYNTAX and not tag.startswith("0002")}
