"""How long one commit holds the write lock at the largest input each door accepts. The counts that bound it are tested:
tests/integration/database/test_write_transactions_are_bounded.py.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydicom import Dataset

from app.bootstrap import Services
from app.dicom.rejection_notes import MOST_REJECTED
from app.repos.exams import exams as exam_repo
from app.services.channels.channel import DeliveryReceipt
from app.services.exams.matching import MOST_STUDIES
from app.services.ingest.incoming import DoorName, IncomingObject
from app.services.notifications.phone_correction import MOST_FOLLOWED
from app.web.machine.ris.bodies import exam_input
from bench.house import opened, working_folder
from deploy.testbed.ct import ct_slice, part10
from sms.tencent.callback import MOST_ITEMS
from tests.factories.house import exam_body
from tests.factories.rejection_notes import note_of
from tests.factories.telling import register
from tests.factories.write_transactions import written


def main(words: Sequence[str]) -> int:
    """The exit status: always 0, as the figures are of this machine."""
    for name, prepare in CASES.items():
        with working_folder() as folder:
            _measure(name, prepare, folder)
    return 0


def _measure(name: str, prepare: Callable[[Services], Callable[[], object]], folder: Path) -> None:
    with opened(folder) as house:
        act = prepare(house)
        with written(house.db) as done:
            act()
    longest = max(done, key=lambda one: one.seconds)
    print(
        f"  {name}: {longest.seconds:.2f} s, {longest.statements} statements, {longest.rows} rows, {len(done)} commits"
    )


def _receive(house: Services, objects: Iterator[Dataset]) -> None:
    files = [IncomingObject(io.BytesIO(part10(each))) for each in objects]
    house.ingest.ingest.receive(files, DoorName.STOW, "bench")


def _note(house: Services) -> Callable[[], object]:
    made = note_of(ct_slice(), [f"1.2.826.0.1.{number}" for number in range(MOST_REJECTED)])
    return lambda: _receive(house, iter([made]))


def _studies(house: Services) -> Callable[[], object]:
    register(house)
    return lambda: _receive(house, (ct_slice() for _ in range(64)))


def _refused(house: Services) -> Callable[[], object]:
    return lambda: _receive(house, (ct_slice(StudyInstanceUID="x") for _ in range(64)))


def _accession(house: Services) -> Callable[[], object]:
    _receive(house, (ct_slice() for _ in range(2 * MOST_STUDIES)))
    return lambda: register(house)


def _exams(house: Services) -> Callable[[], object]:
    for number in range(2 * MOST_FOLLOWED):
        register(house, f"A{number}")
        with house.db.session() as session:
            exam = exam_repo.exam_by_accession(session, f"A{number}")
            assert exam is not None
            house.patient_access.codes.issue_pickup(session, exam, "+8613900000001")
    order = exam_input(exam_body(patient_phone="13900000002"))
    return lambda: house.exams.registration.register("A0", order, "bench")


def _receipts(house: Services) -> Callable[[], object]:
    pushed = [DeliveryReceipt(f"2640:{n}", "+8613900000001", delivered=True, code="DELIVRD") for n in range(MOST_ITEMS)]
    return lambda: house.notifications.receipts.take(pushed)


CASES: dict[str, Callable[[Services], Callable[[], object]]] = {
    "the largest rejection note": _note,
    "a batch of 64 new studies of one exam": _studies,
    "a batch of 64 refused objects": _refused,
    "an exam whose accession number twice the most studies bear": _accession,
    "a new number of a patient with twice the exams that follow": _exams,
    "the most receipts of one push": _receipts,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
