"""The download of originals, taken apart."""

from __future__ import annotations

import io
import zipfile


def originals_in(download: bytes) -> list[bytes]:
    """The originals of a `dicom.zip` in its order. AssertionError when it holds anything but these, their directory,
    and the page with its pictures."""
    with zipfile.ZipFile(io.BytesIO(download)) as archive:
        names = archive.namelist()
        others = {name for name in names if not name.startswith(("DICOM/", "PICTURES/"))}
        assert "DICOMDIR" in others <= {"DICOMDIR", "index.html"}, others
        return [archive.read(name) for name in names if name.startswith("DICOM/")]
