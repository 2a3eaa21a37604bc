"""Where the shared real data is. What happens where it is not on this machine is the caller's."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.testbed.processes import ROOT

FOLDER = Path(os.environ.get("CLOUDFILM_SHARED_DATA", ROOT.parent / "shared" / "data"))


def files_of(name: str) -> list[Path]:
    """All files of a shared folder that may be DICOM; empty where it is absent (for parametrising)."""
    return sorted(
        path for path in (FOLDER / name).rglob("*") if path.is_file() and path.suffix not in (".txt", ".json", ".gz")
    )
