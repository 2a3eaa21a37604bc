"""Where the shared real data is. The caller decides what to do when this machine does not have it."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.testbed.processes import ROOT

FOLDER = Path(os.environ.get("CLOUDFILM_SHARED_DATA", ROOT.parent / "shared" / "data"))


def files_of(name: str) -> list[Path]:
    """All files of a shared folder that may be DICOM; empty when the folder is missing (for parametrised tests)."""
    return sorted(
        path for path in (FOLDER / name).rglob("*") if path.is_file() and path.suffix not in (".txt", ".json", ".gz")
    )
