"""Property: whatever comes in whatever order, a study is shown only under an exam of the same person.

The oracle is independent of the code: every study and every order carries the true person it was made from, and a match
is right only if the true persons and what both sides wrote of them agree.
"""

from __future__ import annotations

import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.models import DataKey, Study
from app.repos import exams as exam_repo
from app.services.exam_input import exam_input
from app.services.identity import HeaderIdentity
from app.services.matching import seal_identity
from tests.factories.house import START, exam_body, services


@dataclass(frozen=True)
class Person:
    patient_id: str
    name: str
    header_name: str
    sex: str
    birth_date: str


PEOPLE = (
    Person("P1", "李娜", "李^娜", "F", "1960-01-02"),
    Person("P1", "李娜", "李^娜", "F", "1987-05-06"),  # shares ID and name
    Person("P1", "王建国", "王^建国", "M", "1960-01-02"),  # shares the ID
    Person("P2", "李那", "Li^Na", "F", "1961-01-02"),  # sounds the same
    Person("P2", "李娜", "�^?", "F", "1960-01-02"),  # its device garbles names
)
people = st.sampled_from(PEOPLE)
accessions = st.sampled_from(["A1", "A2", "A3"])


class WrongPatient(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.house = services(Path(self.folder.name))
        self.registered: dict[str, Person] = {}
        self.imaged: dict[str, Person] = {}

    def teardown(self) -> None:
        self.house.db.dispose()
        self.folder.cleanup()

    @rule(accession=accessions, person=people)
    def order_or_correction_arrives(self, accession: str, person: Person) -> None:
        body = exam_body(
            patient_id=person.patient_id, patient_name=person.name, patient_sex=person.sex,
            patient_birth_date=person.birth_date, patient_id_number=None,
        )  # fmt: skip
        self.house.exams.register(accession, exam_input(body), "machine:ris")
        self.registered[accession] = person

    @rule(accession=accessions, person=people, empty=st.sampled_from(["", "sex", "birth_date"]))
    def study_arrives(self, accession: str, person: Person, empty: str) -> None:
        identity = HeaderIdentity(
            patient_id=person.patient_id,
            names=(person.header_name,),
            sex="" if empty == "sex" else person.sex,
            birth_date="" if empty == "birth_date" else person.birth_date.replace("-", ""),
        )
        uid = f"2.25.{uuid.uuid4().int}"
        with self.house.db.session() as session:
            key = DataKey(id=uuid.uuid4(), wrapped=b"", created_at=START)
            session.add(key)
            session.flush()
            study = Study(
                study_instance_uid=uid, accession_number=accession, attributes={}, data_key_id=key.id,
                identity_sealed=seal_identity(self.house.fields, identity), last_instance_at=START, created_at=START,
            )  # fmt: skip
            session.add(study)
            session.flush()
            self.house.matching.study_changed(session, study)
        self.imaged[uid] = person

    @invariant()
    def no_study_is_shown_under_another_person(self) -> None:
        with self.house.db.read() as session:
            for accession, person in self.registered.items():
                exam = exam_repo.exam_by_accession(session, accession)
                assert exam is not None
                for study in exam_repo.studies_of_exam(session, exam.id):
                    assert study.match_state == "matched"
                    assert self.imaged[study.study_instance_uid] == person

    @invariant()
    def a_complete_and_clean_study_of_the_right_person_is_shown(self) -> None:
        with self.house.db.read() as session:
            for accession, person in self.registered.items():
                for study in exam_repo.studies_of_accession(session, accession):
                    if study.match_state == "mismatch" and self.imaged[study.study_instance_uid] == person:
                        assert (
                            study.match_reason != "differs in name"
                            or "�" in person.header_name
                            or (person.header_name == "Li^Na")
                        )


TestNeverAWrongPatient = WrongPatient.TestCase
TestNeverAWrongPatient.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
