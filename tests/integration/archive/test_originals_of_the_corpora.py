"""Every file of the corpora that is taken in leaves as it came, byte for byte, by every way out."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.models import Exam, Study, StudyOrder
from app.models.states import MatchState, StudyState
from app.repos.exams.revision import raise_revisions_of
from app.services.ingest.incoming import IncomingObject, Stored
from deploy.testbed.shared_data import FOLDER, files_of
from tests.factories.reading_machine import ReadingMachine
from tests.factories.sharing import guest, patient, share
from tests.factories.taken_away import originals_in

FOLDERS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir()) if FOLDER.is_dir() else []
ORIGINAL = "application/dicom; transfer-syntax=*"
IN_PARTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'

pytestmark = pytest.mark.skipif(not FOLDERS, reason="the shared data is not on this machine")


def fingerprint(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def taken_in(machine: ReadingMachine, folder: str) -> list[tuple[Stored, str]]:
    """What is kept of the folder, with its fingerprint; of a corrected object the newest version."""
    kept: dict[str, tuple[Stored, str]] = {}
    for path in files_of(folder):
        data = path.read_bytes()
        [outcome] = machine.services.ingest.ingest.receive([IncomingObject(io.BytesIO(data))], "cli", "test")
        if isinstance(outcome, Stored):  # a new version, too
            kept[outcome.sop_instance_uid] = (outcome, fingerprint(data))
    return list(kept.values())


def by_machines(machine: ReadingMachine, kept: list[tuple[Stored, str]]) -> None:
    """Alone, in parts, in ranges, and study by study."""
    by_study: dict[str, Counter[str]] = {}
    for item, expected in kept:
        study = f"/studies/{item.study_instance_uid}"
        address = f"{study}/series/{item.series_instance_uid}/instances/{item.sop_instance_uid}"
        by_study.setdefault(study, Counter())[expected] += 1
        with machine.get(address, ORIGINAL) as answer:
            content = answer.get_data()
        assert fingerprint(content) == expected
        half = len(content) // 2
        halves = [ranged(machine, address, span) for span in (f"0-{half - 1}", f"{half}-")]
        assert fingerprint(b"".join(halves)) == expected
    for study, expected_parts in by_study.items():
        assert Counter(fingerprint(content) for _, content in machine.parts(study, IN_PARTS)) == expected_parts


def ranged(machine: ReadingMachine, address: str, span: str) -> bytes:
    headers = machine.token | {"Accept": ORIGINAL, "Range": f"bytes={span}"}
    with machine.client.get(f"/dicomweb{address}", headers=headers) as answer:
        assert answer.status_code == 206
        content: bytes = answer.get_data()
    return content


def give_to(machine: ReadingMachine, exam_id: uuid.UUID) -> None:
    """All studies are those of one exam and prepared, whoever their headers name."""
    with machine.services.db.session() as session:
        matched = {"exam_id": exam_id, "match_state": MatchState.MATCHED, "match_reason": None}
        session.execute(update(StudyOrder).where(StudyOrder.place == 0).values(matched))
        session.execute(update(Study).values(state=StudyState.PREPARED, prepared_revision=Study.revision))
        now = machine.services.clock.now()
        session.execute(update(Exam).values(held_at=None, images_released_at=now))
        for study_id in session.scalars(select(Study.id)):
            raise_revisions_of(session, study_id)


def zipped(client: FlaskClient, address: str) -> Counter[str]:
    with client.get(f"{address}/dicom.zip") as answer:
        assert answer.status_code == 200
        return Counter(fingerprint(original) for original in originals_in(answer.get_data()))


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_leaves_bit_identical_by_every_way_out(tmp_path: Path, folder: str) -> None:
    machine = ReadingMachine(tmp_path)
    try:
        kept = taken_in(machine, folder)
        if not kept:
            pytest.skip("this folder has no file that is taken in")
        by_machines(machine, kept)
        app = machine.client.application
        client, exam_id = patient(app, machine.services, "CORPUS")
        give_to(machine, uuid.UUID(exam_id))
        expected = Counter(expected for _, expected in kept)
        assert zipped(client, f"/exams/{exam_id}") == expected
        visitor, base = guest(app, share(client, exam_id, pictures="1", report="1", originals="1"))
        assert zipped(visitor, base) == expected
    finally:
        machine.close()
