"""Two patients with all that is sealed of them, and somebody who can write the database but has no key."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select, update

from app.bootstrap import Services
from app.database import Database
from app.identity.sealed import open_identity, seal_corrected
from app.models import FieldBinding, Instance, Study
from app.models.states import DataRequestKind
from app.repos.operations.field_binding import SealedTable, fields_of, put_fields, sealed_tables
from app.security.fields import COLUMN_FORM, BindingPhase, FieldSealer, Place
from app.security.permissions import Role
from tests.factories.house import services
from tests.factories.login import logged_in
from tests.factories.telling import exam_of, follow, mark_prepared, register, report, sweep

PEOPLE = (
    {"id": "P1", "name": "李娜", "phone": "13900000001", "id_number": "120101196001020027"},
    {"id": "P2", "name": "赵敏芝", "phone": "13900000002", "id_number": "120101196001020043"},
)
NAMES = tuple(person["name"] for person in PEOPLE)


def two_patients(folder: Path) -> Services:
    """Each with an exam, a report, a study with a corrected header, a WeChat account and messages; and two members of
    staff."""
    house = services(folder, wechat_notices="simulated")
    for number, person in enumerate(PEOPLE):
        accession = f"A{number + 1}"
        exam = register(house, accession, **{f"patient_{field}": text for field, text in person.items()})
        report(house, accession, findings=f"所见{number}")
        follow(house, exam, f"oOpenid000{number}")
        mark_prepared(house, accession, PatientID=person["id"], PatientName=person["name"])
        house.staff.accounts.create(f"staff{number}", Role.DESK, "test")
        house.data_requests.requests.ask(
            [exam_of(house, accession).patient_id], DataRequestKind.CORRECTION, "手机号", "test"
        )
    correct_headers(house)
    assert house.wechat.connection is not None
    house.wechat.connection.ticket.current()  # with the access token: two rows of tokens
    for number in range(2):
        login = house.wechat.login
        assert login is not None
        found = login.of(logged_in(house, f"oOpenid000{number}"))
        assert found is not None
        house.wechat.subscriptions.wanted(found, [exam_of(house, f"A{number + 1}").id])
    sweep(house)
    return house


def correct_headers(house: Services) -> None:
    """Each instance says again whom its study is of, as if others of its study were not corrected yet."""
    with house.db.session() as session:
        for study, instance in session.execute(select(Study, Instance).join(Instance, Instance.study_id == Study.id)):
            said = open_identity(house.fields, study)
            instance.corrected_identity_sealed = seal_corrected(house.fields, said, instance.id)


def places(database: Database) -> Iterator[tuple[Place, bytes]]:
    """Every sealed field that is not NULL, with its bytes."""
    with database.read() as session:
        for sealed in sealed_tables():
            ids = list(session.scalars(select(sealed.id).order_by(sealed.id)))
            for row in fields_of(session, sealed, ids):
                for column in sealed.columns:
                    if row[column.name] is not None:
                        yield Place(sealed.table.name, column.name, row["id"]), row[column.name]


def forms(database: Database) -> set[bytes]:
    return {blob[:1] for _, blob in places(database)}


def write(database: Database, place: Place, blob: bytes) -> None:
    """As somebody who has no key."""
    (sealed,) = (sealed for sealed in sealed_tables() if sealed.table.name == place.table)
    with database.session() as session:
        session.execute(update(sealed.table).where(sealed.id == place.row).values({place.column: blob}))


def swap(database: Database, one: Place, other: Place) -> None:
    blobs = dict(places(database))
    write(database, one, blobs[other])
    write(database, other, blobs[one])


def of_the_release_before(house: Services) -> None:
    """Everything as it was before fields were bound: their bytes, the phase, and the key file."""
    fields = house.fields.reading_both()
    former = FieldSealer(house.keys.derive("fields"), BindingPhase.UNBOUND)
    with house.db.session() as session:
        session.execute(update(FieldBinding).values(phase=BindingPhase.UNBOUND))
        for sealed in sealed_tables():
            rows = fields_of(session, sealed, list(session.scalars(select(sealed.id))))
            put_fields(session, sealed, [_unbound(sealed, row, fields, former) for row in rows])
    path = house.settings.key_path
    document = json.loads(path.read_text())
    del document["fields"]
    path.write_text(json.dumps(document))
    assert forms(house.db) == {COLUMN_FORM}


def _unbound(sealed: SealedTable, row: dict[str, bytes], fields: FieldSealer, former: FieldSealer) -> dict[str, object]:
    values: dict[str, object] = dict(row)
    for column in sealed.columns:
        place = Place(sealed.table.name, column.name, uuid.UUID(str(row["id"])))
        if row[column.name] is not None:
            values[column.name] = former.seal(fields.open(row[column.name], place), place)
    return values


def count_of(house: Services, sealed: SealedTable) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).select_from(sealed.table)) or 0
