"""Somebody who can write the database moves sealed fields: nothing of them is ever shown, and it is told."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select

from app.bootstrap import Services
from app.errors import FieldRefused
from app.models import AuditEvent, Base, Patient, StudyOrder
from app.repos.operations.field_binding import SUFFIX, sealed_tables
from app.security.fields import ROW_FORM, Place, place_of
from app.web.exam.masked_names import masked
from tests.factories.access import application, issued, opened
from tests.factories.door_app import bearer
from tests.factories.house import services
from tests.factories.log_output import written
from tests.factories.sealed_fields import NAMES, count_of, forms, places, swap, two_patients
from tests.factories.staff import Console, account
from tests.factories.telling import exam_of, mark_prepared, messages, notifications, register, sweep, untold

OPEN_BYTES = {
    *("hash", "previous_hash", "sha256", "content_sha256"),
    *("frame_index", "preview_index", "pack_index"),  # of prepared pictures: where they lie
    "wrapped",  # a data key, bound to its id by the master key
}
"""Columns of bytes that hold nothing readable, beside those whose name ends in `_hash`."""


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return two_patients(tmp_path)


def test_every_column_of_bytes_is_sealed_or_known_to_hold_nothing_readable() -> None:
    """A sealed column that is not named so would be left out of all that follows."""
    unknown = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not column.name.endswith((SUFFIX, "_hash"))
        if column.name not in OPEN_BYTES
    }
    assert unknown == set()


def test_every_table_with_sealed_columns_is_keyed_by_an_id_that_is_never_used_again() -> None:
    for sealed in sealed_tables():
        assert [column.name for column in sealed.table.primary_key] == ["id"], sealed.table.name
        assert sealed.id.type.python_type.__name__ == "UUID", sealed.table.name


def test_the_hospital_of_these_tests_has_two_of_every_sealed_field(house: Services) -> None:
    """Whoever adds a sealed column adds it to `two_patients`, and every test of this file is about it."""
    found = [(place.table, place.column) for place, _ in places(house.db)]
    for sealed in sealed_tables():
        assert count_of(house, sealed) >= 2
        for column in sealed.columns:
            assert found.count((sealed.table.name, column.name)) >= 2, column
    assert forms(house.db) == {ROW_FORM}


def test_no_two_rows_can_trade_any_sealed_field(house: Services) -> None:
    tried = 0
    everything = dict(places(house.db))
    for one, other in combinations(everything, 2):
        if (one.table, one.column) == (other.table, other.column):
            for place, blob in ((one, everything[other]), (other, everything[one])):
                with pytest.raises(FieldRefused, match=place.name):
                    house.fields.open(blob, place)
                tried += 1
    assert tried >= 2 * sum(len(sealed.columns) for sealed in sealed_tables())


def test_no_two_columns_can_trade_their_fields(house: Services) -> None:
    """Of one row or of two, of one table or of two."""
    everything = dict(places(house.db))
    tried = 0
    for place in everything:
        for other, blob in everything.items():
            if (place.table, place.column) != (other.table, other.column):
                with pytest.raises(FieldRefused, match=place.name):
                    house.fields.open(blob, place)
                tried += 1
    assert tried > 100


def test_two_rows_that_trade_their_ids_take_no_field_with_them(house: Services) -> None:
    """The other way round: the bytes stay, the names of the rows are exchanged."""
    everything = dict(places(house.db))
    for place, blob in everything.items():
        for other in everything:
            if other.table == place.table and other.row != place.row:
                with pytest.raises(FieldRefused):
                    house.fields.open(blob, place._replace(row=other.row))


def patient_places(house: Services, column: str) -> list[Place]:
    with house.db.read() as session:
        return [place_of(row, column) for row in session.scalars(select(Patient).order_by(Patient.created_at))]


def refusals(house: Services) -> list[AuditEvent]:
    with house.db.read() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "field.refused")))


def test_traded_names_are_on_no_page_and_the_log_and_the_audit_log_tell_where(house: Services) -> None:
    console = Console(application(house), house).log_in(account(house))
    page = f"/staff/exams/{exam_of(house).id}"
    assert NAMES[0] in console.get(page).text
    one, other = patient_places(house, "name_sealed")
    swap(house.db, one, other)
    with written() as output:
        answer = console.get(page)
    assert answer.status_code == 500
    assert not [name for name in NAMES if name in answer.text]
    events = refusals(house)
    assert [event.subject for event in events] == [f"field:patient.name:{one.row.hex}"]
    assert one.row.hex in [line["row"] for line in output.lines() if line.get("field") == "patient.name"]
    told = output.getvalue() + "".join(f"{event.actor} {event.subject} {event.detail}" for event in events)
    assert not [name for name in NAMES if name in told]
    assert house.audit.reading.faults() == []


def test_traded_reports_are_on_no_page(house: Services) -> None:
    exam = issued(house, "A1")
    client = opened(application(house), exam)
    swap(house.db, *(place for place, _ in places(house.db) if place.table == "report"))
    page = client.get(f"/exams/{exam.exam_id}")
    assert page.status_code == 500
    assert "所见" not in page.text
    assert len(refusals(house)) == 1


def test_a_traded_name_is_not_on_the_patients_page(house: Services) -> None:
    exam = issued(house, "A1")
    client = opened(application(house), exam)
    assert masked(NAMES[0]) in client.get(f"/exams/{exam.exam_id}").text
    swap(house.db, *patient_places(house, "name_sealed"))
    answer = client.get(f"/exams/{exam.exam_id}")
    assert answer.status_code == 500
    assert not [name for name in NAMES if masked(name) in answer.text]


def test_a_traded_id_number_lets_nobody_in(house: Services) -> None:
    exam = issued(house, "A1")
    swap(house.db, *patient_places(house, "id_number_sealed"))
    for factor in ("0027", "0043"):
        answer = application(house).test_client().post(f"/q/{exam.qr}", data={"factor": factor})
        assert answer.status_code == 500
        assert "Set-Cookie" not in answer.headers or "cf-patient" not in answer.headers["Set-Cookie"]


def test_a_search_of_machines_names_nobody_once_headers_traded_places(house: Services) -> None:
    app = application(house)
    swap(house.db, *(place for place, _ in places(house.db) if place.table == "study"))
    answer = app.test_client().get("/dicomweb/studies", headers=bearer(house, "read"))
    assert answer.status_code == 500
    assert not [name for name in NAMES if name in answer.text]
    assert len(refusals(house)) == 1


def test_a_message_whose_recipient_was_traded_goes_to_nobody(tmp_path: Path) -> None:
    house = services(tmp_path)
    exams = [untold(house), register(house, "A2", patient_phone="13900000002", patient_id="P2")]
    mark_prepared(house, "A2", PatientID="P2")
    house.release.gate.release_due()
    swap(house.db, *(place for place, _ in places(house.db) if place.table == "notification"))
    sweep(house)
    rows = [row for exam in exams for row in notifications(house, exam)]
    assert [(row.state, row.failure_code) for row in rows] == [("failed", "UnsealError")] * 2
    assert [messages(house, phone) for phone in ("+8613900000001", "+8613900000002")] == [[], []]


def test_a_traded_phone_number_is_told_to_nobody(house: Services) -> None:
    swap(house.db, *patient_places(house, "phone_sealed"))
    with pytest.raises(FieldRefused):
        house.desk.messages.resend(exam_of(house).id, "staff:a", "患者没有收到")


def test_a_study_that_is_given_another_studys_header_matches_no_exam(house: Services) -> None:
    one, other = (place for place, _ in places(house.db) if place.table == "study")
    swap(house.db, one, other)
    with house.db.session() as session, pytest.raises(FieldRefused):
        house.exams.matching.exam_changed(session, exam_of(house))
    with house.db.read() as session:
        assert set(session.scalars(select(StudyOrder.match_state))) == {"matched"}
