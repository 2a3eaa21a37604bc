"""A folder of DEMO_DATA, and a start of the demo on it without a server."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.bootstrap import Services
from app.demo.data import DemoExam
from app.demo.house import demo_of
from app.demo.notices import tell_at_once
from app.models import AuditEvent
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import clock_of
from tests.places import ROOT

WORDS = ROOT / "templates" / "demo" / "words.toml"


def write(folder: Path, name: str, **changes: Any) -> str:
    """A study of one slice; None removes an attribute, bytes are written as they are. Its UID."""
    ds = ct_slice(**changes)
    (folder / name).write_bytes(part10(ds))
    return str(ds.StudyInstanceUID)


def load(house: Services, path: Path) -> list[str]:
    """As a start of the demo does it, without preparing pictures; a minute after the last one."""
    clock_of(house).advance(60)
    with WORDS.open("rb") as file:
        return demo_of(house).data.load(path, tomllib.load(file))


def start(house: Services, path: Path) -> dict[str, DemoExam]:
    """As a start of the demo does it that is not the first; the exam of each study by its UID."""
    began_at = clock_of(house).now()
    load(house, path)
    for uid in demo_of(house).data.study_uids():
        house.pictures.completion.complete_now(uid)
    tell_at_once(house, began_at)
    return {exam.study_instance_uid: exam for exam in demo_of(house).data.exams_shown()}


def labelled(house: Services) -> dict[str, list[str]]:
    """Study UID -> what the audit log says was changed of it."""
    with house.db.read() as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action == "study.labelled"))
        return {row.subject.removeprefix("study:"): row.detail["fields"] for row in rows}
