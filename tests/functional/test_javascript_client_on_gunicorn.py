"""dicomweb-client for JavaScript, which OHIF and other viewers are made with, on a real web server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build
from deploy.testbed.checked_studies import CT, FILM, SR, A, B, film, report, slices
from deploy.testbed.ct import ct_file
from deploy.testbed.processes import ROOT
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.door_app import bearer
from tests.factories.stored_over_http import stored

NODE = shutil.which("node")
INSTALLED = (ROOT / "node_modules" / "dicomweb-client").is_dir() and (ROOT / "node_modules" / "xhr2").is_dir()
SCRIPT = ROOT / "tests" / "js" / "dicomweb_client.js"
JPEG, PNG = "\xff\xd8\xff", "\x89PNG"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NODE is None, reason="node is not installed: no client in JavaScript was tried"),
    pytest.mark.skipif(not INSTALLED, reason="dicomweb-client of npm is missing: run deploy/test-tools.sh"),
]
RIGHT: dict[str, Any] = {
    "searchForStudies": [A, B],
    "searchForStudiesByName": [A],
    "searchForStudiesByPatientID": [B],
    "searchForStudiesThatAreNot": [],
    "searchForSeries": [CT],
    "searchForInstances": [f"{CT}.{number}" for number in (1, 2, 3)],
    "retrieveStudyMetadata": [f"{CT}.{number}" for number in (1, 2, 3)],
    "retrieveSeriesMetadata": [1, 2, 3],
    "retrieveInstanceMetadata": [f"{CT}.2"],
    "retrieveInstance": "DICM",
    "retrieveInstanceDecoded": True,
    "retrieveSeries": 3,
    "retrieveStudy": 3,
    "retrieveInstanceFrames": [384],
    "retrieveInstanceFramesDecoded": [64, 64],
    "retrieveInstanceFramesStored": True,
    "retrieveInstanceRendered": JPEG,
    "retrieveInstanceRenderedAsPng": PNG,
    "retrieveInstanceFramesRendered": PNG,
    "retrieveInstanceThumbnail": JPEG,
    "retrieveInstanceFramesThumbnail": JPEG,
    "retrieveBulkData": "document",
    "retrieveBulkDataAlone": "document",
    "storeInstances": True,
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each call of the script found."""
    folder: Path = tmp_path_factory.mktemp("javascript")
    services = build(settings_of(folder))
    token = bearer(services, "upload", "read")
    services.pictures.renderer.close()
    services.db.dispose()
    file = folder / "one.dcm"
    file.write_bytes(ct_file(StudyInstanceUID="1.2.826.0.1.3680043.10.511.3"))
    with gunicorn(folder) as server:
        stored(server.port, token, *slices(), film(), report())
        address = f"http://127.0.0.1:{server.port}/dicomweb"
        bare = token["Authorization"].removeprefix("Bearer ")
        command = [str(NODE), str(SCRIPT), address, bare, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_script_makes_every_call(told: dict[str, Any]) -> None:
    assert SR not in told["searchForSeries"]
    assert FILM not in told["searchForSeries"]
    assert told.keys() == RIGHT.keys()


@pytest.mark.parametrize("call", RIGHT)
def test_the_call_finds_what_is_right(told: dict[str, Any], call: str) -> None:
    assert told[call] == RIGHT[call]
