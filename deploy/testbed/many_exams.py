"""Rows of a hospital that works for years, made in bulk on PostgreSQL: exams with all that hangs on them, as console,
machines and worker look for them. No objects are stored. Names, phone and ID numbers are invented.

The day has 520 exams, so more of them are more years, and the newest are the same ones.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from app.bootstrap import Services
from app.dicom.header_fields import HeaderIdentity
from app.identity.names import initials, search_tokens
from app.identity.numbers import check_digit
from app.identity.sealed import seal_identity
from app.models import Base
from app.repos.due_times import NEVER
from app.security.fields import Place
from app.services.dicomweb.matching_keys import name_keys, part_keys
from app.services.exams.search_keys import KeyKind, search_key

FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂英华玉兰红波斌宇浩晨欣怡子涵梓萱"
MODALITIES = ("CT", "DX", "MR", "US", "MG")
ACTIONS = ("exam.registered", "staff.viewed_exam", "exam.viewed")
APART = timedelta(seconds=166)
RECENT = 30 * 520
"""Exams of as many days as done jobs and ended sessions are kept."""
CHUNK = 2000
FULL = 1000
"""The newest exams, of which all lists have a page."""
MOST_EVENTS = 10**9
"""Events made here have lower numbers, those that are recorded meanwhile have higher ones."""
TABLES = tuple(table.name for table in Base.metadata.sorted_tables)

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Person:
    id: uuid.UUID
    number: int
    name: str
    phone: str
    id_number: str

    @property
    def patient_id(self) -> str:
        return f"P{self.number}"


class ManyExams:
    """Fills one database; `grow` adds older exams to those that are there."""

    def __init__(self, services: Services, address: str) -> None:
        """`address`: of the same database, for libpq."""
        self.services, self.address = services, address
        self.count = 0
        self.newest: datetime = services.clock.now() - timedelta(hours=1)
        self.person = person_of(0)
        """The patient of the newest exams."""
        self._data_key = uuid.uuid4()
        self._random = random.Random(7)
        self._keys: dict[tuple[KeyKind, str], bytes] = {}

    def grow(self, exams: int) -> None:
        """Until there are so many. The statistics of the planner are new afterwards."""
        with psycopg.connect(self.address) as connection:
            if not self.count:
                key = "INSERT INTO data_key (id, wrapped, created_at) VALUES (%s, '', %s)"
                connection.execute(key, (self._data_key, self.newest))
                connection.execute("UPDATE audit_head SET seq = %s", (MOST_EVENTS,))
            _switch_triggers(connection, "DISABLE")
            for start in range(self.count, exams, CHUNK):
                rows: Rows = defaultdict(list)
                for number in range(start, min(exams, start + CHUNK)):
                    self._exam(rows, number)
                for table in TABLES:
                    _copy(connection, table, rows[table])
            _switch_triggers(connection, "ENABLE")
        self.count = exams
        self.services.operations.row_counts.faults(mend=True)
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")

    def _exam(self, rows: Rows, number: int) -> None:
        person = person_of(number // 2)
        if number % 2 == 0:
            rows["patient"].append(self._patient(person))
            rows["patient_name_token"] += [
                {"patient_id": person.id, "token_hash": self.services.blind.of("patient.name_token", token)}
                for token in _tokens(person.name)
            ]
        at, accession, exam_id = self.newest - number * APART, f"G{number:07}", self._uuid()
        is_held, is_waiting, is_alone = _is_one(number, 4000, 1), _is_one(number, 500, 7), _is_one(number, 2000, 3)
        rows["exam"].append(
            {
                "id": exam_id,
                **{"accession_number": accession, "accession_key": accession, "patient_id": person.id},
                **{"modality": MODALITIES[number % 5], "body_part": "胸部", "department": "呼吸科", "performed_at": at},
                **{"is_demo": False, "code_generation": 1, "revision": 1, "search_due": False},
                **{"held_at": at if is_held else None, "held_reason": "by_staff" if is_held else None},
                **{"images_released_at": None if is_alone else at, "report_released_at": at if is_alone else None},
                **{"created_at": at, "updated_at": at},
            }
        )
        keys = self._keys_of(person)
        rows["exam_search_key"] += [{"key_hash": key, "performed_at": at, "exam_id": exam_id} for key in keys]
        rows["access_code"] += self._codes(exam_id, at)
        self._study(rows, person, number, None if is_waiting else exam_id)
        self._around(rows, number, exam_id)

    def _codes(self, exam_id: uuid.UUID, at: datetime) -> list[Row]:
        codes = self.services.patient_access.codes
        pickup = codes.desk_hash(codes.codes.pickup_code(exam_id.bytes, 1))
        return [
            {
                **{"id": self._uuid(), "exam_id": exam_id, "kind": kind, "code_hash": self._random.randbytes(32)},
                **{"desk_hash": desk_hash, "serial": 1, "created_at": at},
            }
            for kind, desk_hash in (("qr", None), ("pickup", pickup))
        ]

    def _study(self, rows: Rows, person: Person, number: int, exam_id: uuid.UUID | None) -> None:
        at, study_id, series_id = self.newest - number * APART, self._uuid(), self._uuid()
        uid, day, named = f"1.2.826.0.1.{number}", f"{at:%Y%m%d}", f"G{number:07}" if exam_id else f"X{number}"
        identity = HeaderIdentity(person.patient_id, (person.name,), "F", "19600102", referring_physician=())
        rows["study"].append(
            {
                **{"id": study_id, "study_instance_uid": uid, "accession_number": named, "data_key_id": self._data_key},
                "patient_id_hash": self.services.blind.of("patient.patient_id", person.patient_id),
                "identity_sealed": seal_identity(self.services.fields, identity, study_id),
                **{"attributes": Json({"StudyDate": day}), "study_date": day, "is_demo": False, "names_due": False},
                **{"state": "prepared", "revision": 1, "prepared_revision": 1, "prepared_version": 10**6},
                **{"last_instance_at": at, "created_at": at},
            }
        )
        keys = {*name_keys([person.name], self.services.blind), *part_keys([person.name], self.services.blind)}
        rows["study_name_key"] += [{"key_hash": key, "came_at": at, "study_id": study_id} for key in keys]
        rows["study_order"].append(
            {
                **{"id": self._uuid(), "study_id": study_id, "place": 0, "accession_number": named, "named_at": at},
                **{"accession_key": named, "exam_id": exam_id, "match_state": "matched" if exam_id else "unmatched"},
                "match_reason": None if exam_id else "no_exam",
            }
        )
        rows["series"].append(
            {
                **{"id": series_id, "study_id": study_id, "series_instance_uid": f"{uid}.1", "series_number": 1},
                **{
                    "modality": MODALITIES[number % 5],
                    "description": "",
                    "attributes": Json({"RequestAttributesSequence": []}),
                },
            }
        )
        rows["instance"].append(
            {
                **{"id": self._uuid(), "series_id": series_id, "study_id": study_id, "sop_instance_uid": f"{uid}.1.1"},
                **{"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "transfer_syntax_uid": "1.2.840.10008.1.2.1"},
                **{"instance_number": 1, "object_key": f"growth/{number}", "object_version": 1, "size": 1000},
                **{"sha256": b"", "number_of_frames": 1, "received_at": at},
            }
        )

    def _around(self, rows: Rows, number: int, exam_id: uuid.UUID) -> None:
        """Messages, events, jobs, sessions, refused objects."""
        at = self.newest - number * APART
        state = "desk" if _is_one(number, 3000, 5) else "failed" if _is_one(number, 100, 9) else "delivered"
        rows["notification"].append(
            {
                **{"id": self._uuid(), "exam_id": exam_id, "kind": "images_ready", "occasion": 1, "channel": "sms"},
                **{"template": "ready", "recipient_sealed": b"", "recipient_masked": "139****0000", "state": state},
                "failure_code": "FailedOperation.PhoneNumberInBlacklist" if state == "failed" else None,
                **{"attempts": 1, "next_attempt_at": NEVER, "segments": 1, "created_at": at, "sent_at": at},
            }
        )
        staff = 7 if _is_one(number, 40, 7) else number % 40
        actors = ("machine:ris", f"staff:{staff}", f"patient-session:{uuid.UUID(int=number).hex}")
        for place, (action, actor) in enumerate(zip(ACTIONS, actors, strict=True)):
            seq = 1000 + len(ACTIONS) * number + place
            event = {"seq": seq, "at": at, "action": action, "actor": actor, "subject": f"exam:{exam_id.hex}"}
            rows["audit_event"].append({**event, "detail": Json({}), "previous_hash": b"", "hash": b""})
        if number < RECENT:
            job = {"id": self._uuid(), "kind": "prepare_study", "key": f"growth:{number}", "state": "done"}
            rows["job"].append({**job, "run_at": at, "attempts": 1, "created_at": at, "finished_at": at})
            session = {"id": self._uuid(), "exam_id": exam_id, "created_at": at, "last_seen_at": at}
            rows["patient_session"].append({**session, "expires_at": at + timedelta(hours=12)})
        if _is_one(number, 500, 11):
            rows["quarantine_item"].append(
                {
                    **{"id": self._uuid(), "received_at": at, "door": "stow", "reason": "not_part10", "size": 10},
                    **{"sop_instance_uid": f"1.2.3.{number}", "sha256": b"%d" % number, "object_version": 1},
                    **{"object_key": f"growth-quarantine/{number}", "data_key_id": self._data_key},
                }
            )

    def _patient(self, person: Person) -> Row:
        row: Row = {"id": person.id, "identity_hash": self._random.randbytes(32), "sex": "F"}
        for name in ("patient_id", "name", "phone", "id_number"):
            text = getattr(person, name)
            row[f"{name}_hash"] = self.services.blind.of(f"patient.{name}", text)
            row[f"{name}_sealed"] = self._sealed(person, name, text)
        row["birth_date_sealed"] = self._sealed(person, "birth_date", "1960-01-02")
        return {**row, "created_at": self.newest, "updated_at": self.newest}

    def _sealed(self, person: Person, name: str, text: str) -> bytes:
        return self.services.fields.seal(text, Place("patient", f"{name}_sealed", person.id))

    def _keys_of(self, person: Person) -> set[bytes]:
        texts = [(KeyKind.NAME, token) for token in _tokens(person.name)]
        texts += [(KeyKind.INITIALS, letters) for letters in initials(person.name)]
        texts += [(KeyKind.PHONE_TAIL, person.phone[-4:]), (KeyKind.ID_TAIL, person.id_number[-4:])]
        for kind, text in texts:
            if (kind, text) not in self._keys:
                self._keys[kind, text] = search_key(self.services.blind, kind, text)
        return {self._keys[each] for each in texts}

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)


def _is_one(number: int, of: int, at: int) -> bool:
    """One of so many, and more of the newest thousand: then each list has a full page at every size."""
    return number % of == at or (number < FULL and number % 16 == at % 16)


@lru_cache(maxsize=2)
def person_of(number: int) -> Person:
    """Some family names are common: the first few are of a quarter of all."""
    drawn = random.Random(number)
    family = FAMILY_NAMES[int(len(FAMILY_NAMES) * drawn.random() ** 2)]
    given = "".join(drawn.choices(GIVEN_NAMES, k=drawn.choice((1, 2, 2))))
    born = f"{1940 + number // 1000 % 60}{1 + number // 60_000 % 12:02}{1 + number // 720_000 % 28:02}"
    body = f"120101{born}{number % 1000:03}"
    phone = f"+86139{drawn.randrange(10**8):08}"
    return Person(
        uuid.UUID(int=drawn.getrandbits(128), version=4), number, family + given, phone, body + check_digit(body)
    )


@lru_cache(maxsize=100_000)
def _tokens(name: str) -> frozenset[str]:
    return frozenset(search_tokens(name))


def _copy(connection: psycopg.Connection[Any], table: str, rows: list[Row]) -> None:
    if not rows:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def _switch_triggers(connection: psycopg.Connection[Any], how: str) -> None:
    """Counting each row would take longer than to make it; all are counted at the end."""
    for table in TABLES:
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table), sql.SQL(how)))
