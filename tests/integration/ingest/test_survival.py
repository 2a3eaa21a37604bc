"""Ingest under a kill, and over every malformed file there is."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from app.services.ingest.incoming import Duplicate, Outcome, Refused, Stored
from deploy.testbed.ct import ct_file, ct_series
from tests.factories.ingest_rig import IngestRig
from tests.places import ROOT
from tests.shared_data import needs

SENDER = """
import sys
from pathlib import Path
from tests.factories.ingest_rig import IngestRig

rig = IngestRig(Path(sys.argv[1]))
files = sorted(Path(sys.argv[2]).iterdir())
for start in range(0, len(files), 5):
    for outcome in rig.receive(*(path.read_bytes() for path in files[start : start + 5])):
        print(type(outcome).__name__, outcome.sop_instance_uid, flush=True)
"""


def test_every_instance_acknowledged_before_a_sigkill_is_readable_afterwards(tmp_path: Path) -> None:
    sent, home = tmp_path / "sent", tmp_path / "home"
    sent.mkdir()
    home.mkdir()
    files = ct_series(200)
    for number, data in enumerate(files):
        (sent / f"{number:03}").write_bytes(data)
    IngestRig(home)  # the schema, so that the kill falls into the ingest
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, str(home), str(sent)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        acknowledged = []
        for line in sender.stdout:
            kind, uid = line.split()
            assert kind == "Stored"
            acknowledged.append(uid)
            if len(acknowledged) == 93:
                sender.kill()
        assert sender.wait() == -signal.SIGKILL
    assert 93 <= len(acknowledged) < 200

    rig = IngestRig(home)
    rows = {row.sop_instance_uid: row for row in rig.instances()}
    by_uid = {uid: rig.bytes_of(rows[uid]) for uid in acknowledged}
    assert set(by_uid.values()) <= set(files)
    assert rig.faults() == []

    outcomes = rig.receive(*files)
    assert {type(outcome) for outcome in outcomes} <= {Stored, Duplicate}
    assert len(rig.instances()) == 200
    assert (rig.faults(), rig.quarantined()) == ([], [])


def test_every_malformed_file_gets_a_clear_outcome_and_none_is_lost(tmp_path: Path) -> None:
    rig = IngestRig(tmp_path)
    paths = sorted(path for path in needs("malformed-a").rglob("*") if path.is_file())
    contents = [path.read_bytes() for path in paths]
    outcomes: list[Outcome] = rig.receive(*contents)
    assert len(outcomes) == len(paths)
    kept = {rig.bytes_of(row) for row in (*rig.instances(), *rig.quarantined())}
    for path, data, outcome in zip(paths, contents, outcomes, strict=True):
        assert isinstance(outcome, Stored | Duplicate) or (isinstance(outcome, Refused) and outcome.reason), path.name
        assert data in kept, path.name
    assert rig.faults() == []
    assert isinstance(rig.receive(ct_file())[0], Stored)
    by_name = {path.name: getattr(outcome, "reason", "") for path, outcome in zip(paths, outcomes, strict=True)}
    assert by_name["zipMR.gz"] == by_name["no_meta.dcm"] == "not_part10"
    assert by_name["MR_truncated.dcm"] == by_name["3gb-bulk-data-truncated"] == "pixels_truncated"
    assert by_name["rtplan_truncated.dcm"] == "header_truncated"
    assert by_name["meta_missing_tsyntax.dcm"] == "no_transfer_syntax"
    assert by_name["2026-05-26-oob-monochrome-46341.dcm"] == "too_many_pixels"
    assert by_name["UnknownSopClassUid.dcm"] == by_name["no-pixel-data.dcm"] == ""
