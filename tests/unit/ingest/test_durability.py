"""In what order ingest becomes durable; what a full disk, a failing commit and two senders at once leave."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.errors import StoreFull
from app.models import Study
from app.services.ingest.incoming import Conflicting, Duplicate, Stored
from deploy.testbed.ct import ct_file, ct_series
from tests.factories.durable_steps import in_order
from tests.factories.ingest_rig import IngestRig


def test_bytes_are_durable_before_the_commit_and_the_answer_comes_last(tmp_path: Path) -> None:
    steps: list[str] = []
    rig = IngestRig(tmp_path, trace=steps.append)
    rig.receive(ct_file(StudyInstanceUID="1.2"))
    steps.clear()
    event.listen(rig.db.engine, "commit", lambda connection: steps.append("commit"))
    rig.receive(*ct_series(3, StudyInstanceUID="1.2"))
    steps.append("answer")
    assert in_order(steps) == ["write", "fsync-file", "rename", "fsync-folder", "commit", "answer"]
    assert steps.count("fsync-file") == steps.count("rename") == 3


def test_a_full_disk_acknowledges_nothing_and_leaves_no_row(rig: IngestRig, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing_write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = ct_file()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing_write)
        with pytest.raises(StoreFull):
            rig.receive(data)
    assert rig.instances() == []
    assert isinstance(rig.receive(data)[0], Stored)


def test_a_failing_commit_acknowledges_nothing_and_sending_again_completes(tmp_path: Path) -> None:
    broken = True

    def hook(session: Session, study: Study) -> None:
        if broken:
            raise ConnectionError("database gone")

    rig, data = IngestRig(tmp_path, study_changed=hook), ct_file()
    with pytest.raises(ConnectionError):
        rig.receive(data)
    assert rig.instances() == []
    assert len(list(rig.check.orphans())) == 1
    broken = False
    assert isinstance(rig.receive(data)[0], Stored)
    assert rig.faults() == []


def test_the_hook_hears_of_each_changed_study_once_inside_the_transaction(tmp_path: Path) -> None:
    heard: list[str] = []
    rig = IngestRig(tmp_path, study_changed=lambda session, study: heard.append(study.study_instance_uid))
    rig.receive(*ct_series(5, StudyInstanceUID="1.2"), ct_file(StudyInstanceUID="1.3"), b"junk")
    assert sorted(heard) == ["1.2", "1.3"]


def test_two_senders_of_the_same_study_at_once_lose_and_double_nothing(rig: IngestRig) -> None:
    files = ct_series(40)
    results: list[list[type]] = [[], []]
    barrier = threading.Barrier(2)

    def send(number: int) -> None:
        barrier.wait()
        for start in range(0, 40, 8):
            results[number] += [type(outcome) for outcome in rig.receive(*files[start : start + 8])]

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for first, second in zip(*results, strict=True):
        assert {first, second} == {Stored, Duplicate}
    assert len(rig.instances()) == 40
    assert (rig.faults(), list(rig.check.orphans()), rig.quarantined()) == ([], [], [])


def test_two_senders_of_one_uid_with_different_content_store_one_and_quarantine_one(rig: IngestRig) -> None:
    uids = {"SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
    results: list[type] = []
    barrier = threading.Barrier(2)

    def send(data: bytes) -> None:
        barrier.wait()
        results.extend(type(outcome) for outcome in rig.receive(data))

    files = [ct_file(**uids, PixelData=bytes([number]) * 128) for number in range(2)]
    threads = [threading.Thread(target=send, args=(data,)) for data in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {Stored, Conflicting}
    assert sorted([rig.bytes_of(rig.instances()[0]), rig.bytes_of(rig.quarantined()[0])]) == sorted(files)
