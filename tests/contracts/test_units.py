"""The shipped units and settings of a hospital: systemd takes them, and they say what the documents say.

They run in tests/functional/test_hospital_installation.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from app.config import Settings, variable_of
from tests.factories.hardened import setting
from tests.factories.production import WITHOUT_KEYS, production
from tests.places import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("cloudfilm-*.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
SETTINGS = ROOT / "deploy" / "systemd" / "cloudfilm.env"
MOST_EXPOSED = 20
"""Tenths of systemd's points from 0 (closed) to 10 (open)."""

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: Debian's package systemd"
)


def here(tmp_path: Path) -> list[Path]:
    """The units with the folder of this checkout, so that their programs exist."""
    copies = []
    for unit in UNITS:
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(unit.read_text().replace("/opt/cloudfilm", str(ROOT)))
    return copies


@with_systemd
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    units = [str(unit) for unit in here(tmp_path)]
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    ours = [line for line in checked.stderr.splitlines() if "cloudfilm" in line]
    assert ours == []


@with_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_is_closed_in_as_far_as_it_can_work(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout.splitlines()[-1]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_lets_its_decoding_children_lock_themselves_in(unit: Path) -> None:
    assert "seccomp" in setting(unit.read_text(), "SystemCallFilter").split()
    assert setting(unit.read_text(), "SystemCallErrorNumber") == "EPERM"  # the default would kill instead


def test_the_services_differ_in_what_they_run_only() -> None:
    hardening = [unit.read_text().partition("# What the service may reach.")[2] for unit in SERVICES]
    common = [re.sub(r"ReadWritePaths=.*\n|\n\[Install\].*", "", text, flags=re.DOTALL).strip() for text in hardening]
    assert len(set(common)) == 1


def test_the_shipped_settings_are_settings_and_fit_production(tmp_path: Path) -> None:
    shipped = dict(line.split("=", 1) for line in SETTINGS.read_text().splitlines() if line and line[0] != "#")
    assert set(shipped) <= {variable_of(item) for item in fields(Settings)}
    assert set(WITHOUT_KEYS) <= set(shipped)
    own = production(tmp_path) | {
        "CLOUDFILM_KEY_FILE": str(tmp_path / "keys.json"),
        "CLOUDFILM_HOSPITAL_NAME": "医院",
        "CLOUDFILM_SMS_SIGNATURE": "医院影像",
        "CLOUDFILM_DICOM_CALLING_AES": "CT1",
    }
    changed = {name for name, value in shipped.items() if value == "CHANGE"}
    assert changed <= set(own)
    settings = Settings.from_env(
        shipped | {name: own[name] for name in (*changed, "CLOUDFILM_KEY_FILE", "CLOUDFILM_VAR_DIR")}
    )
    assert settings.web_processes > 1
