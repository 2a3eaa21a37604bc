"""One of everything behind every door, everybody who may ask for it, and a way back to how it was.

Crawlers need it: each route of the application has something to show here, and somebody who may see it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select

from app.bootstrap import Services
from app.demo.house import create_demo_app
from app.models import (
    AuditEvent,
    AuditHead,
    Base,
    Job,
    Notification,
    PatientSession,
    QuarantineItem,
    Report,
    StudyOrder,
)
from app.models.states import DataRequestKind, JobKind, JobState
from app.security.front_door import PASS_HEADER
from app.security.permissions import Role, Scope
from app.services.ingest.incoming import DoorName, IncomingObject
from app.web.row_ids import row_id
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import issued, let_in
from tests.factories.evidence import ecg, segmentation, structured_report, text_row
from tests.factories.family import CHILD, MOTHER, added, daughter, grants, post, registered
from tests.factories.house import clock_of, services
from tests.factories.login import bound
from tests.factories.sharing import digits, doctor, guest, helper_code, session_id_of, share
from tests.factories.staff import account, code, console
from tests.factories.telling import deliver_receipts, exam_of, receive_study, register, report, study, sweep
from tests.factories.wechat import TOKEN
from wechat.simulator.ciphers import signature

STUDY, SERIES = "1.2.3.1", "1.2.3.1.1"
STRANGER, PATIENT, PERSON, GUEST = "stranger", "patient", "person", "guest"
"""A patient has a session of one exam, a person one of the phone door with all exams and a family."""
HELPER, DOCTOR, RELATIVE, BOUND = "helper", "doctor", "relative", "bound"
"""Who typed a helper's code, whom a patient let in at a doctor's PC, a person at the exam of a member of the family, a
person whom WeChat names."""
ACCESSION, CUT_NUMBER = "A1", "HOSPITAL-2026-000123"
NEVER_CHANGED_BACK = {AuditEvent.__table__, AuditHead.__table__}
"""A chain: what is taken out of it breaks it."""


@dataclass
class WholeHouse:
    """`known`: the values of addresses and forms that name something here; under `<name>:<caller>` what it is for that
    caller. `callers`: the headers of each."""

    services: Services
    app: Flask
    known: dict[str, str]
    callers: dict[str, dict[str, str]]
    _rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def keep(self) -> None:
        """Remember every row, for `restore`."""
        with self.services.db.read() as session:
            for table in Base.metadata.sorted_tables:
                self._rows[table] = [dict(row._mapping) for row in session.execute(select(table))]

    def restore(self) -> None:
        """Every row as it was kept: sessions live, nobody is locked out, nothing is revoked or held."""
        tables = [table for table in Base.metadata.sorted_tables if table not in NEVER_CHANGED_BACK]
        with self.services.db.session() as session:
            for table in reversed(tables):
                session.execute(delete(table))
            for table in tables:
                if self._rows[table]:
                    session.execute(insert(table), self._rows[table])

    def close(self) -> None:
        self.services.pictures.renderer.close()
        self.services.db.dispose()


def whole_house(folder: Path, at: datetime | None = None) -> WholeHouse:
    """An exam with pictures, a report and a message, a given-up job and a refused object; all rows kept. `at`: when it
    begins, for servers that read the true clock."""
    house = services(
        folder, wechat_notices="simulated", wechat_callback="plain", wechat_callback_token=TOKEN, wechat_verify="abc123"
    )
    if at is not None:
        clock_of(house).advance((at - house.clock.now()).total_seconds())
    exam = issued(house, ACCESSION)
    report(house, ACCESSION)
    _study(house)
    job, notification = _waiting(house)
    register(house, CUT_NUMBER)
    cut = study(house, receive_study(house, AccessionNumber=CUT_NUMBER[:16])).id
    held = issued(house, "A2").exam_id
    house.release.holds.withhold(row_id(held), "test", "staff:desk")
    house.release.sensitivity.add("keyword", "危重", "staff:desk")
    app = create_demo_app(house)
    person, of_family = _person(house, app)
    in_wechat, of_wechat = _bound(house, app)
    with house.db.read() as session:
        order = session.scalars(select(StudyOrder.id).where(StudyOrder.study_id == cut)).one()
        assert session.scalars(select(Report)).one()
        assert session.scalars(select(QuarantineItem)).one()
    known = {
        **{"exam_id": exam.exam_id, "accession": ACCESSION, "code": exam.qr, "pickup_code": exam.pickup},
        **{"study_uid": STUDY, "series_uid": SERIES, "sop_uid": f"{SERIES}.1", "phone": exam.phone},
        **{"frame": "1", "frame_list": "1", "element": "7FE00010", "n": "1", "k": "1", "fmt": "jpg", "plane": "axial"},
        **{"tall_n": "2", "level": "0", "x": "0", "y": "1"},
        **{"o": "1", "layer_o": "2", "ecg_o": "3", "page": "1"},
        **{"job_id": job, "notification_id": notification, "username": "desk", "unknown": "nowhere"},
        **{"rule_id": house.release.sensitivity.rules()[0].id.hex},
        **{"order_id": order.hex, "accession_number": CUT_NUMBER},
        **{"held_exam_id": held, "revision": str(exam_of(house, "A2").revision)},
        **{"version": app.jinja_env.globals["static_url"]("x").split("/")[2], "name": "viewer/viewer.js"},  # type: ignore[operator]
        **{"filename": "css/bootstrap.min.css", "factor": exam.factor},
        **{f"{carrier}_secret": secret for carrier, secret in house.notifications.sms_hook_secrets.items()},
        **{"totp": code(house, account(house, "desk", "newcomer"))},
    }
    stamp = str(int(house.clock.now().timestamp()))
    known |= {"timestamp": stamp, "nonce": "7", "signature": signature(TOKEN, stamp, "7"), "verify_code": "abc123"}
    made = WholeHouse(house, app, known, {})
    known |= of_family | of_wechat
    made.callers = _callers(made) | {PERSON: person, RELATIVE: person, BOUND: in_wechat}
    with house.db.read() as session:
        giver = session.scalars(select(PatientSession.id).where(PatientSession.exam_id == row_id(exam.exam_id))).first()
    assert giver is not None
    known["ticket"] = house.patient_access.tickets.issue(house.patient_access.sessions.check(giver))
    made.keep()
    return made


def _study(house: Services) -> None:
    """Five slices that fit the exam and make a volume, a picture of many tiles, a report, a layer and an ECG, prepared;
    an object that is refused."""
    shared = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "AccessionNumber": ACCESSION}
    files = [
        ct_slice(SOPInstanceUID=f"{SERIES}.{n}", InstanceNumber=n, ImagePositionPatient=[0, 0, n], **shared)
        for n in range(1, 6)
    ]
    tall = shared | {"SeriesInstanceUID": f"{SERIES}.9", "SeriesNumber": 2}
    tall |= {"Rows": 2056, "PixelData": bytes(2056 * 8 * 2)}
    files.append(ct_slice(SOPInstanceUID=f"{SERIES}.9.1", **tall))
    files += [
        structured_report(STUDY, text_row("所见", "结节"), SeriesNumber=90, AccessionNumber=ACCESSION),
        segmentation(STUDY, [np.ones((8, 8), dtype=bool)], [(0, 0, 1)], SeriesNumber=91, AccessionNumber=ACCESSION),
        ecg(STUDY, seconds=1, SeriesNumber=92, AccessionNumber=ACCESSION),
    ]
    files.append(ct_slice(StudyInstanceUID="x"))
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(part10(each))) for each in files], DoorName.STOW, "test")
    house.pictures.completion.complete_now(STUDY)
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    sweep(house)
    deliver_receipts(house)


def _waiting(house: Services) -> tuple[str, str]:
    """The ids of a job that was given up and of a message that nobody knows the fate of."""
    now, id = house.clock.now(), uuid4()
    with house.db.session() as session:
        times = {"run_at": now, "created_at": now, "finished_at": now}
        session.add(Job(id=id, kind=JobKind.PREPARE_STUDY, key="x:1", state=JobState.FAILED, **times))
        told = session.scalars(select(Notification)).first()
        assert told is not None
        told.state = "desk"
        return id.hex, told.id.hex


def _callers(made: WholeHouse) -> dict[str, dict[str, str]]:
    """Somebody of each kind: nobody, a patient, staff of each role, a machine with each scope. Their tokens of forms
    are known as `csrf_token:<caller>`."""
    house = made.services
    callers = {STRANGER: {PASS_HEADER: house.door_pass.issue(house.clock.now())}}
    patient = let_in(made.app, house, row_id(made.known["exam_id"]))
    callers[PATIENT] = {"Cookie": _cookies(patient, "cf-patient")}
    made.known[f"csrf_token:{PATIENT}"] = _form_token(patient, f"/exams/{made.known['exam_id']}")
    callers[DOCTOR], callers[HELPER] = _doctor(made, patient), _helper(made, patient)
    callers[GUEST] = _guest(made, patient)
    owner = [exam_of(house, ACCESSION).patient_id]
    house.data_requests.requests.ask(owner, DataRequestKind.CORRECTION, "手机号", "test")
    made.known["request_id"] = house.data_requests.requests.of(owner)[0].id.hex
    for role in Role:
        browser = console(made.app, house, role)
        made.known[f"csrf_token:{role}"] = _form_token(browser.client, "/staff/password")
        callers[role] = {"Cookie": _cookies(browser.client, "cf-staff", "cf-form")}
    for scope in Scope:
        token = house.machines.tokens.create(scope, {scope}, actor="test")
        callers[scope] = {"Authorization": f"Bearer {token}"}
    return callers


def _person(house: Services, app: Flask) -> tuple[dict[str, str], dict[str, str]]:
    """The patient at the phone door, who sees a member of the family, and asked to see a child: the headers, and what
    is known of the family."""
    of_mother = registered(house, "A8", MOTHER)
    of_child = registered(house, "A9", CHILD)
    client = daughter(app, house)
    added(client, house)
    (grant,) = grants(client)
    clock_of(house).advance(61)
    post(client, CHILD, action="ask_staff")
    (asked,) = set(grants(client)) - {grant}
    token = _form_token(client, "/family")
    known = {"grant_id": grant, "asked_grant_id": asked, f"exam_id:{RELATIVE}": of_mother, "childs_exam_id": of_child}
    known |= {f"csrf_token:{PERSON}": token, f"csrf_token:{RELATIVE}": token}
    return {"Cookie": _cookies(client, "cf-patient")}, known


def _guest(made: WholeHouse, patient: FlaskClient) -> dict[str, str]:
    """Somebody who opened a share of everything; another share and digits are still to be used."""
    exam_id = made.known["exam_id"]
    visitor, base = guest(made.app, share(patient, exam_id, pictures="1", report="1", originals="1"))
    unused = share(patient, exam_id)
    made.known |= {
        **{"guest_id": base.rpartition("/")[2], "share_id": unused.id, "passcode": unused.passcode},
        **{"share_code": unused.path.rpartition("/")[2], "digits": digits(patient, exam_id)},
        "helper_code": helper_code(patient, exam_id),
        f"csrf_token:{GUEST}": _form_token(visitor, base),
    }
    sharing = made.services.sharing
    ticket = sharing.tickets.issue(sharing.guests.check(session_id_of(base)))
    assert ticket is not None
    made.known["guest_ticket"] = ticket
    return {"Cookie": _cookies(visitor, "cf-guest")}


def _doctor(made: WholeHouse, patient: FlaskClient) -> dict[str, str]:
    pc, base = doctor(made.app, patient, made.known["exam_id"])
    made.known |= {f"guest_id:{DOCTOR}": base.rpartition("/")[2], f"csrf_token:{DOCTOR}": _form_token(pc, base)}
    return {"Cookie": _cookies(pc, "cf-guest")}


def _helper(made: WholeHouse, patient: FlaskClient) -> dict[str, str]:
    exam_id, client = made.known["exam_id"], made.app.test_client()
    answer = client.post("/h", data={"helper_code": helper_code(patient, exam_id)})
    assert answer.status_code == 303, answer.status_code
    made.known[f"csrf_token:{HELPER}"] = _form_token(client, f"/exams/{exam_id}")
    return {"Cookie": _cookies(client, "cf-helper")}


def _bound(house: Services, app: Flask) -> tuple[dict[str, str], dict[str, str]]:
    """The patient in WeChat: the headers, and what is known."""
    clock_of(house).advance(61)  # the phone just got digits
    client = bound(app, house)
    clock_of(house).advance(61)
    known = {f"csrf_token:{BOUND}": _form_token(client, "/exams")}
    return {"Cookie": _cookies(client, "cf-patient", "cf-wechat", "cf-device")}, known


def _cookies(client: FlaskClient, *names: str) -> str:
    cookies = [client.get_cookie(name) for name in names]
    return "; ".join(f"{each.key}={each.value}" for each in cookies if each)


def _form_token(client: FlaskClient, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found, f"{page} has no form"
    return found[1]
