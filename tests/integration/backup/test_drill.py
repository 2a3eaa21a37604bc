"""The drill: a hospital that is at work is backed up, and a second one is made of the backup. Its log and archive are
whole, and its patients come in by the codes and sessions they had."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import StaffUser
from app.services.backup.folder import BackupFolder
from app.services.backup.making import Backups
from app.services.backup.manifest import Manifest
from tests.factories.access import Issued, application, issued, opened
from tests.factories.backups import backed_up, empty_house, faults, named_objects, prepared_study, restored
from tests.factories.house import services
from tests.factories.staff import account
from tests.factories.telling import register, report, sweep

PATIENCE_S = 60


@dataclass
class Hospital:
    """Studies come in, are prepared and told, reports are added, by a thread of its own."""

    house: Services
    studies: int = 0
    over: bool = False
    one_more: threading.Condition = field(default_factory=threading.Condition)

    def work(self) -> None:
        while not self.over:
            accession = f"L{self.studies}"
            register(self.house, accession)
            prepared_study(self.house, 2, AccessionNumber=accession)
            report(self.house, accession)
            with self.one_more:
                self.studies += 1
                self.one_more.notify_all()

    def wait_for_one_more(self) -> None:
        with self.one_more:
            wanted = self.studies + 1
            assert self.one_more.wait_for(lambda: self.studies >= wanted, PATIENCE_S)


@contextmanager
def at_work(house: Services) -> Iterator[Hospital]:
    hospital = Hospital(house)
    thread = threading.Thread(target=hospital.work, name="hospital")
    thread.start()
    try:
        yield hospital
    finally:
        hospital.over = True
        thread.join()


def test_a_hospital_at_work_is_backed_up_and_lives_on_in_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path / "var", wechat_notices="simulated")
    exams = [_exam(house, f"A{n}") for n in range(2)]
    sweep(house)
    account(house, "desk", "newcomer")
    cookie = opened(application(house), exams[0]).get_cookie("cf-patient")
    assert cookie is not None
    before = named_objects(house)
    with at_work(house) as hospital:
        _goes_on_after_each_moment(hospital, monkeypatch)
        made = backed_up(house, tmp_path / "backups")
    assert made.missing == ()
    assert (faults(house), len(named_objects(house)) > made.objects) == ([], True)

    other = empty_house(tmp_path / "other", house)
    assert restored(other, tmp_path / "backups").faults == ()
    assert faults(other) == []
    assert named_objects(other) >= before
    app = application(other)
    for exam in exams:
        assert opened(app, exam).get(f"/exams/{exam.exam_id}").status_code == 200
        pickup = {"phone": exam.phone, "pickup_code": exam.pickup, "factor": exam.factor}
        assert app.test_client().post("/s", data=pickup).status_code == 303
    _session_still_opens(app, exams[0], cookie.value)
    with other.db.read() as session:
        assert session.scalars(select(StaffUser.username)).all() == ["newcomer"]
    prepared_study(other)  # and it works on
    assert faults(other) == []


def _exam(house: Services, accession: str) -> Issued:
    exam = issued(house, accession)
    prepared_study(house, 2, AccessionNumber=accession)
    report(house, accession)
    return exam


def _goes_on_after_each_moment(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hospital writes before the moment of the backup and after it."""
    freeze = Backups._freeze

    def between(backups: Backups, folder: BackupFolder, time: str) -> Manifest:
        hospital.wait_for_one_more()
        manifest = freeze(backups, folder, time)
        hospital.wait_for_one_more()
        return manifest

    monkeypatch.setattr(Backups, "_freeze", between)


def _session_still_opens(app: Flask, exam: Issued, cookie: str) -> None:
    client = app.test_client()
    client.set_cookie("cf-patient", cookie)
    for tail in ("manifest.json", "series/1/frames/1.jpg", "report.pdf", "dicom.zip"):
        assert client.get(f"/exams/{exam.exam_id}/{tail}").status_code == 200
