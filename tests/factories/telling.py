"""Exams on their way to the patient's phone: received, prepared, released, told."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping, Sequence

from app.bootstrap import Services
from app.models import Exam, Notification, Study, StudyOrder
from app.repos.exams import exams as exam_repo
from app.repos.exams import orders
from app.repos.exams.revision import raise_revisions_of
from app.repos.ingest import studies as study_repo
from app.repos.notifications import outbox as repo
from app.services.channels.sms import receipt_of
from app.services.ingest.incoming import IncomingObject, Stored
from app.web.machine.ris.bodies import exam_input, report_input
from deploy.testbed.ct import ct_slice, part10
from sms.simulator.inbox import InboxMessage, PhoneInbox
from sms.tencent.callback import receipts_of
from tests.factories.house import clock_of, exam_body, report_body

PHONE = "+8613900000001"


def receive_study(house: Services, slices: int = 1, **attributes: str) -> str:
    """A study of the patient of `exam_body` arrives; its UID."""
    first = ct_slice(**attributes)
    shared = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    files = [part10(first)] + [
        part10(ct_slice(**shared, **attributes, InstanceNumber=number)) for number in range(2, slices + 1)
    ]
    outcomes = house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "test")
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    return str(first.StudyInstanceUID)


def register(house: Services, accession: str = "A1", **changes: str | None) -> uuid.UUID:
    house.exams.registration.register(accession, exam_input(exam_body(**changes)), "machine:ris")
    return exam_of(house, accession).id


def report(house: Services, accession: str = "A1", **changes: str) -> None:
    house.exams.reports.add(accession, report_input(report_body(**changes)), "machine:ris")


def exam_of(house: Services, accession: str = "A1") -> Exam:
    with house.db.read() as session:
        exam = exam_repo.exam_by_accession(session, accession)
    assert exam is not None
    return exam


def mark_prepared(house: Services, accession: str = "A1", **attributes: str) -> uuid.UUID:
    """A matched study whose pictures are ready, without decoding any; its id."""
    uid = receive_study(house, AccessionNumber=accession, **attributes)
    with house.db.session() as session:
        study = study_repo.by_uid(session, {uid})[uid]
        study.state, study.prepared_revision = "prepared", study.revision
        raise_revisions_of(session, study.id)
        return study.id


def follow(house: Services, exam_id: uuid.UUID, openid: str = "oOpenid0001") -> str:
    """The exam's patient bound a WeChat account that follows."""
    with house.db.session() as session:
        exam = exam_repo.exam(session, exam_id)
        assert exam is not None
        house.wechat.accounts.bind(session, exam.patient_id, openid, "test")
    assert house.simulation.wechat is not None
    house.simulation.wechat.follow(openid)
    return openid


def sweep(house: Services, *, seconds: float = 0) -> None:
    """Move the clock and run every sweep until nothing is due."""
    clock_of(house).advance(seconds)
    while house.worker.run_sweeps():
        pass


def deliver_receipts(house: Services) -> None:
    """The carrier calls the hook, HTTP left out."""

    def post(items: Sequence[Mapping[str, str]]) -> bool:
        house.notifications.receipts.take([receipt_of(receipt) for receipt in receipts_of(list(items))])
        return True

    assert house.simulation.carrier is not None
    while house.simulation.carrier.push_receipts(post):
        pass


def messages(house: Services, phone: str = PHONE) -> list[InboxMessage]:
    return PhoneInbox(house.settings.var_dir / "carrier.db").messages(phone)


def notifications(house: Services, exam_id: uuid.UUID) -> list[Notification]:
    with house.db.read() as session:
        return repo.of_exam(session, exam_id)


def states(house: Services, exam_id: uuid.UUID) -> list[tuple[str, str, str]]:
    """(kind, channel, state) of every message of an exam; `kind:2` when it was told the second time."""
    return [(_told(row), row.channel, row.state) for row in notifications(house, exam_id)]


def _told(row: Notification) -> str:
    return row.kind if row.occasion in (None, 1) else f"{row.kind}:{row.occasion}"


def study(house: Services, uid: str) -> Study:
    with house.db.read() as session:
        return study_repo.by_uid(session, {uid})[uid]


def order(house: Services, uid: str, number: str | None = None) -> StudyOrder:
    """The order of this accession number that the study names; without `number` the only one."""
    with house.db.read() as session:
        named = orders.of_study(session, study(house, uid).id)
    [found] = [each for each in named if number in (None, each.accession_number)]
    return found


def untold(house: Services, phone: str = "13900000001") -> uuid.UUID:
    """An exam that was released a moment ago: its message waits; its id."""
    exam_id = register(house, patient_phone=phone)
    mark_prepared(house)
    house.release.gate.release_due()
    return exam_id


def released(house: Services, accession: str = "A1", **changes: str | None) -> str:
    """An exam whose patient was told; its id."""
    exam_id = register(house, accession, **changes)
    mark_prepared(house, accession)
    sweep(house)
    deliver_receipts(house)
    return exam_id.hex


def pickup_codes(house: Services) -> list[str]:
    return [re.findall(r"取片码\s*([2-9A-HJKMNP-Z]{6})", message.text)[0] for message in messages(house)]


def newest_text_code(house: Services) -> str:
    """The one-time code the phone got last."""
    sweep(house)
    return messages(house)[-1].text.partition("验证码是")[2][:6]


def correct(house: Services, accession: str = "A1", **changes: str | None) -> None:
    house.exams.registration.register(accession, exam_input(exam_body(**changes)), "machine:ris")


def tell(house: Services, **changes: str | None) -> None:
    register(house, **changes)
    mark_prepared(house)
    sweep(house)


def only_state(house: Services, exam_id: uuid.UUID) -> str:
    ((_, _, state),) = states(house, exam_id)
    return state
