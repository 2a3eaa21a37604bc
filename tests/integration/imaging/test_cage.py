"""A decoding child that was taken over can do nothing but decode: each deed by name, and every real image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.imaging.errors import UndecodableFrame
from app.imaging.sandbox.pool import RenderPool, RenderSpec, RenderTask
from deploy.testbed.shared_data import files_of
from tests.integration.imaging.forbidden_deeds import DEEDS, NO_SENSE, PRIVILEGED
from tests.integration.imaging.test_real_images import FOLDERS, NOT_SHOWN, first_frame
from tests.places import ROOT
from tests.shared_data import needs


def outcomes(mode: str, folder: Path) -> dict[str, str]:
    (folder / "mine").write_text("mine")
    (folder / "empty").mkdir()
    program = "tests.integration.imaging.forbidden_deeds"
    done = subprocess.run(
        [sys.executable, "-m", program, mode, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return dict(line.split(": ") for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return outcomes("bound", tmp_path_factory.mktemp("bound"))


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return outcomes("reading", tmp_path_factory.mktemp("reading"))


@pytest.mark.parametrize("name", DEEDS)
def test_a_child_that_reads_headers_and_was_taken_over_is_refused(name: str, reading: dict[str, str]) -> None:
    assert reading[name] == "refused"


@pytest.mark.parametrize("name", DEEDS)
def test_a_child_that_was_taken_over_is_refused(name: str, bound: dict[str, str]) -> None:
    assert bound[name] == "refused"


def test_the_same_deeds_succeed_where_nothing_is_bound(tmp_path: Path) -> None:
    done = outcomes("free", tmp_path)
    assert done == dict.fromkeys(set(DEEDS) - PRIVILEGED - NO_SENSE, "done")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_real_image_is_still_decoded(folder: str) -> None:
    needs(folder)
    with RenderPool(workers=1, time_limit_s=60, memory_limit_bytes=2 << 30) as pool:
        for path in files_of(folder):
            if path.name not in NOT_SHOWN:
                header, frame = first_frame(path)
                specs = (RenderSpec(longest=256, max_bytes=10_240), RenderSpec(fmt="png"))
                try:
                    assert all(pool.render(RenderTask(header, frame, 0, specs)))
                except UndecodableFrame:
                    pytest.fail(path.name)
