"""Property: whatever comes in whatever order, a patient sees, reads and is told only what is of the same person.

The oracle is independent of the code: every study and every order carries the true person it was made from, and what is
shown is right only if the true persons agree, for every study that no human has parted from the exam. The studies are
real: objects that came in by ingest, pictures that were prepared. At least half of the runs must show some to somebody.
"""

from __future__ import annotations

import io
import tempfile
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pydicom import Dataset

from app.errors import Conflict
from app.imaging.sandbox.pool import RenderPool
from app.repos.exams import exams as exam_repo
from app.repos.exams import studies as exam_studies
from app.services.ingest.incoming import DoorName, Duplicate, IncomingObject, Outcome, Stored, Superseding
from app.web.machine.ris.bodies import exam_input, report_input
from deploy.testbed.ct import ct_slice, part10
from sms.simulator.inbox import PhoneInbox
from tests.factories.access import application, let_in
from tests.factories.house import exam_body, report_body, services


@dataclass(frozen=True)
class Person:
    patient_id: str
    name: str
    header_name: str
    sex: str
    birth_date: str
    phone: str


PEOPLE = (
    Person("P1", "李娜", "李^娜", "F", "1960-01-02", "13900000001"),
    Person("P1", "李娜", "李^娜", "F", "1987-05-06", "13900000002"),  # shares ID and name
    Person("P1", "王建国", "王^建国", "M", "1960-01-02", "13900000003"),  # shares the ID
    Person("P2", "李那", "Li^Na", "F", "1961-01-02", "13900000004"),  # sounds the same
    Person("P2", "李娜", "�^?", "F", "1960-01-02", "13900000005"),  # its device garbles names
)
UNREADABLE = PEOPLE[4]
ACCESSIONS = ("A1", "A2", "A3")
people = st.sampled_from(PEOPLE)
accessions = st.sampled_from(ACCESSIONS)


def header_of(person: Person) -> dict[str, str]:
    return {
        "PatientID": person.patient_id,
        "PatientName": person.header_name,
        "PatientSex": person.sex,
        "PatientBirthDate": person.birth_date.replace("-", ""),
    }


@dataclass(frozen=True)
class Imaged:
    """A study as it truly is. `complete`: its header says everything about the person."""

    accession: str
    person: Person
    complete: bool


class WrongPatient(RuleBasedStateMachine):
    reached: Counter[str]
    """Runs by what they came to: `all`, those that `showed` a picture to somebody, and those that `hid` one."""
    pool: RenderPool
    """One for all runs: a child starts slowly."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        house = services(Path(self.folder.name))
        work = replace(house.worker.work, preparation=replace(house.pictures.preparation, renderer=self.pool))
        self.house = replace(house, worker=replace(house.worker, work=work))
        self.showed = self.hid = False
        self.app = application(self.house)
        self.inbox = PhoneInbox(self.house.settings.var_dir / "carrier.db")
        self.registered: dict[str, Person] = {}
        self.reported: set[str] = set()
        self.imaged: dict[str, Imaged] = {}
        self.sent: dict[str, list[Dataset]] = {}
        """The objects of each study, as they were sent last."""
        self.half_corrected: dict[str, Person] = {}
        """Studies whose last object was corrected and not the others, and whom it names."""
        self.corrected = self.showed_corrected = False
        self.divided: set[str] = set()
        """Studies under which another patient's object was sent."""
        self.parted: set[str] = set()
        """Studies a human parted from their exam."""
        self.told: dict[str, int] = {}
        self.unproven: set[str] = set()
        """Exams that went to another patient ID after their report was written, and no study or human has said since
        whose they are."""

    def teardown(self) -> None:
        self.reached.update({"all": 1, "showed": int(self.showed), "hid": int(self.hid)})
        self.reached["showed after a correction"] += int(self.showed_corrected)
        event(f"a patient was shown pictures: {self.showed}, something was hidden: {self.hid}")
        self.house.db.dispose()
        self.folder.cleanup()

    @initialize(person=st.sampled_from(PEOPLE[:3]), first_as=st.none() | people)
    def an_exam_is_there(self, person: Person, first_as: Person | None) -> None:
        """Each run starts with what is usual: an order, and a study of its patient, in half of the runs after it was
        sent as somebody else's. Studies before orders are what the other accession numbers are for."""
        self.order_or_correction_arrives(accession="A1", person=person)
        self.study_arrives(accession="A1", person=first_as or person, empty="", objects=1)
        if first_as is not None:
            self.a_study_is_corrected_and_sent_again("A1", "A1", person, whole=True)

    @rule(accession=accessions, person=people)
    def order_or_correction_arrives(self, accession: str, person: Person) -> None:
        body = exam_body(
            patient_id=person.patient_id,
            patient_name=person.name,
            patient_sex=person.sex,
            patient_birth_date=person.birth_date,
            patient_id_number=None,
            patient_phone=person.phone,
        )
        former = self.registered.get(accession)
        self.house.exams.registration.register(accession, exam_input(body), "machine:ris")
        self.registered[accession] = person
        if former and former.patient_id != person.patient_id and accession in self.reported:
            self.unproven.add(accession)
        self.work()

    @rule(accession=accessions)
    def report_arrives(self, accession: str) -> None:
        if accession in self.registered and accession not in self.reported:
            self.house.exams.reports.add(accession, report_input(report_body(impression="SECRET")), "machine:ris")
            self.reported.add(accession)
        self.work()

    @rule(
        accession=accessions,
        person=people,
        empty=st.sampled_from(["", "sex", "birth_date"]),
        objects=st.sampled_from([1, 2]),
    )
    def study_arrives(self, accession: str, person: Person, empty: str, objects: int) -> None:
        uid = f"2.25.{uuid.uuid4().int}"
        self.sent[uid] = [
            self.receive(
                uid,
                person,
                AccessionNumber=accession,
                SeriesInstanceUID=f"{uid}.1",
                InstanceNumber=str(number),
                SeriesDescription=uid[-60:],
                **({"PatientSex": ""} if empty == "sex" else {}),
                **({"PatientBirthDate": ""} if empty == "birth_date" else {}),
            )
            for number in range(1, objects + 1)
        ]
        self.imaged[uid] = Imaged(accession, person, not empty)
        self.work()

    @rule(accession=accessions, other=accessions, person=people, whole=st.booleans())
    def a_study_is_corrected_and_sent_again(self, accession: str, other: str, person: Person, whole: bool) -> None:
        """The device corrects the headers of all objects, or only of the last one: then the study is of two people."""
        uid = next((uid for uid, study in self.imaged.items() if study.accession == accession), None)
        if uid is None:
            return
        objects = self.sent[uid] if whole else self.sent[uid][-1:]
        for dataset in objects:
            dataset.AccessionNumber = other
            for keyword, value in header_of(person).items():
                setattr(dataset, keyword, value)
            assert isinstance(self.send(dataset), Superseding | Duplicate)
        self.house.pictures.completion.complete_now(uid)
        if len(objects) < len(self.sent[uid]):
            self.half_corrected[uid] = person
        else:
            self.half_corrected.pop(uid, None)
            self.is_judged_anew(uid, Imaged(other, person, complete=True))
        self.corrected = True
        self.work()

    def is_judged_anew(self, uid: str, truth: Imaged) -> None:
        former, self.imaged[uid] = self.imaged[uid], truth
        if former != truth:
            self.divided.discard(uid)
            self.parted.discard(uid)
        if former.accession != truth.accession and former.accession in self.reported:
            self.unproven.add(former.accession)  # the report may have been written from the pictures that went away

    @rule(accession=accessions)
    def an_object_of_another_patient_is_sent_under_a_study(self, accession: str) -> None:
        uid = next((uid for uid, study in self.imaged.items() if study.accession == accession), None)
        if uid is None:
            return
        stranger = Person("P9", "赵六", "赵^六", "M", "1950-01-01", "13900000009")
        self.receive(uid, stranger, AccessionNumber=accession)
        self.divided.add(uid)
        self.work()

    @rule(accession=accessions)
    def a_human_lets_a_held_exam_go(self, accession: str) -> None:
        if accession not in self.registered:
            return
        with self.house.db.read() as session:
            exam = exam_repo.exam_by_accession(session, accession)
            assert exam is not None
            others = exam_studies.contradicting(session, accession, 100)
        try:
            self.house.release.holds.release_hold(exam.id, "looked at both", "staff:a")
        except Conflict:
            assert others == []
            return
        self.parted |= {study.study_instance_uid for _, study in others}
        self.unproven.discard(accession)
        self.work()

    def receive(self, uid: str, person: Person, **header: str) -> Dataset:
        """One object as a modality sends it; nothing more of its study comes."""
        dataset = ct_slice(
            **{"StudyInstanceUID": uid, "SpecificCharacterSet": "ISO_IR 192"} | header_of(person) | header
        )
        assert isinstance(self.send(dataset), Stored) is (uid not in self.imaged)
        self.house.pictures.completion.complete_now(uid)
        return dataset

    def send(self, dataset: Dataset) -> Outcome:
        source = IncomingObject(io.BytesIO(part10(dataset)))
        [outcome] = self.house.ingest.ingest.receive([source], DoorName.STOW, "machine:pacs")
        return outcome

    def work(self) -> None:
        """The worker does all that is due; whom it told is looked at at once."""
        while self.house.worker.run_sweeps() | self.house.worker.run_job():
            pass
        for person in PEOPLE:
            count = len(self.inbox.messages("+86" + person.phone))
            if count > self.told.get(person.phone, 0):
                mine = [accession for accession, owner in self.registered.items() if owner == person]
                assert any(self.is_right(accession) for accession in mine)
            self.told[person.phone] = count

    def studies_of(self, accession: str) -> list[str]:
        return [uid for uid, s in self.imaged.items() if s.accession == accession and uid not in self.parted]

    def is_right(self, accession: str) -> bool:
        """Every study that no human parted is of the registered person, and of nobody else."""
        mine, person = self.studies_of(accession), self.registered[accession]
        return not (set(mine) & self.divided) and all(
            self.imaged[uid].person == self.half_corrected.get(uid, person) == person for uid in mine
        )

    def is_plainly_right(self, accession: str) -> bool:
        """Right, and every header says so in full."""
        mine = [self.imaged[uid] for uid in self.studies_of(accession)]
        is_whole = not self.half_corrected.keys() & set(self.studies_of(accession))
        return is_whole and self.is_right(accession) and all(s.complete and s.person != UNREADABLE for s in mine)

    @invariant()
    def a_patient_sees_and_reads_only_what_is_theirs(self) -> None:
        for accession in self.registered:
            with self.house.db.read() as session:
                exam = exam_repo.exam_by_accession(session, accession)
            assert exam is not None
            client, base = let_in(self.app, self.house, exam.id), f"/exams/{exam.id.hex}"
            page, manifest = client.get(base), client.get(f"{base}/manifest.json")
            assert page.status_code == 200
            shown = {series["description"] for series in manifest.json["series"]} if manifest.status_code == 200 else {}
            self.showed |= bool(shown)
            self.showed_corrected |= bool(shown) and self.corrected
            if self.is_plainly_right(accession) and self.studies_of(accession):
                self.unproven.discard(accession)
            if not self.is_right(accession) or (accession in self.unproven and not self.studies_of(accession)):
                self.hid |= bool(self.studies_of(accession))
                assert "SECRET" not in page.text
                assert "正在核对" in page.text
                assert not shown
                for address in ("manifest.json", "report.pdf", "images.zip", "dicom.zip", "series/1/frames/1.jpg"):
                    assert client.get(f"{base}/{address}").status_code == 404, address
            elif self.is_plainly_right(accession) and accession not in self.unproven:
                assert ("SECRET" in page.text) is (accession in self.reported)
                assert shown == {uid[-60:] for uid in self.studies_of(accession)}
            assert not set(shown) & {uid[-60:] for uid in self.parted}


@pytest.mark.hypothesis
def test_no_patient_ever_sees_or_is_told_what_is_anothers() -> None:
    WrongPatient.reached = reached = Counter()
    WrongPatient.pool = RenderPool(1, 20, 2 << 30)
    try:
        run_state_machine_as_test(WrongPatient, settings=settings(max_examples=30, stateful_step_count=15))
    finally:
        WrongPatient.pool.close()
    assert reached["all"] >= 30
    assert reached["showed"] * 2 >= reached["all"], reached
    assert reached["hid"] * 10 >= reached["all"], reached
    assert reached["showed after a correction"] * 10 >= reached["all"], reached
