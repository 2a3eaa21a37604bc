"""What small files that inflate to large headers cost the process that receives them: nothing, a child reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.places import ROOT

MIB = 1024 * 1024


def test_deflated_headers_cost_the_process_of_the_door_nothing(tmp_path: Path) -> None:
    """Peaks of a process of its own, since only a whole process has one."""
    child = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import receive_bombs; receive_bombs({str(tmp_path)!r})"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    before, after_one, after_many = json.loads(child.stdout.splitlines()[-1])
    assert max(after_one, after_many) - before < 20 * MIB


def receive_bombs(folder: str) -> None:
    """Prints the peak memory before, after one bomb and after one of each kind by the dozen."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    from app.dicom.part10 import HeaderLimits
    from app.imaging.sandbox.header_pool import HeaderPool
    from app.services.ingest.incoming import Stored
    from deploy.testbed.ct import ct_slice, part10
    from tests.factories.ingest_rig import IngestRig

    rig = IngestRig(Path(folder), reader=HeaderPool(2, 20, 2048 * MIB, HeaderLimits()))
    rig.receive(*(part10(ct_slice()) for _ in range(4)))
    kind = DeflatedExplicitVRLittleEndian
    bombs = [part10(ct_slice(EncapsulatedDocument=bytes(40 * MIB)), kind) for _ in range(12)]
    assert sum(map(len, bombs)) < 2 * MIB
    _reset_and_peak()  # making them took memory too
    peaks = [_reset_and_peak()]
    for files in ([bombs[0]], bombs[1:]):
        outcomes = rig.receive(*files)
        assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes
        peaks.append(_reset_and_peak())
    sys.stdout.write(json.dumps(peaks) + "\n")


def _reset_and_peak() -> int:
    """The peak since the last call; then it starts from what is held now (proc(5): clear_refs)."""
    [line] = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")]
    Path("/proc/self/clear_refs").write_text("5")
    return int(line.split()[1]) * 1024
