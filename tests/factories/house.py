"""A small house for tests: a fresh SQLite database and store in a folder, a clock that stands still, real keys."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import bootstrap
from app.bootstrap import Services
from app.clock import FrozenClock
from app.config import NEWS_AT_ONCE, Settings
from tests.factories import database

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def settings(folder: Path, **changes: str) -> Settings:
    """Demo settings in `folder`; `changes` are settings by lower-case name."""
    environment = {
        "CLOUDFILM_PROFILE": "demo",
        "CLOUDFILM_CONSENT": "elsewhere",
        "CLOUDFILM_VAR_DIR": str(folder),
        "CLOUDFILM_DECODE_WORKERS": "1",
        "CLOUDFILM_MESSAGES_AT_ONCE": "1",  # so that a carrier is asked in one order
        **NEWS_AT_ONCE,
        "CLOUDFILM_DATABASE_URL": database.address(folder),
    }
    return Settings.from_env(environment | {f"CLOUDFILM_{name.upper()}": text for name, text in changes.items()})


def services(folder: Path, **changes: str) -> Services:
    """All services on a frozen clock (`services(...).clock.advance(seconds)`)."""
    return bootstrap.build(settings(folder, **changes), FrozenClock(START))


def copied(folder: Path, to: Path) -> None:
    """Everything a closed house keeps, once more."""
    shutil.copytree(folder, to)
    database.copied(folder, to)


def clock_of(built: Services) -> FrozenClock:
    assert isinstance(built.clock, FrozenClock)
    return built.clock


def exam_body(**changes: Any) -> dict[str, Any]:
    """The body of PUT /api/v1/exams/<accession>; `patient_<field>` changes the patient."""
    patient = {
        "patient_id": "P1",
        "name": "李娜",
        "phone": "13900000001",
        "id_number": "120101196001020027",
        "birth_date": "1960-01-02",
        "sex": "F",
    }
    body: dict[str, Any] = {
        "patient": patient,
        "modality": "CT",
        "body_part": "胸部",
        "department": "呼吸科",
        "performed_at": "2026-03-02T08:30:00+08:00",
    }
    for name, value in changes.items():
        if name.startswith("patient_") and name.removeprefix("patient_") in (*patient, "id"):
            patient["patient_id" if name == "patient_id" else name.removeprefix("patient_")] = value
        else:
            body[name] = value
    return body


def report_body(**changes: Any) -> dict[str, Any]:
    return {
        "status": "final",
        "findings": "双肺纹理清晰,未见实变影。",
        "impression": "胸部CT平扫未见明显异常。",
        "reporting_doctor": "陈医生",
        "reviewing_doctor": "周主任",
        "reported_at": "2026-03-02T09:30:00+08:00",
        **changes,
    }
