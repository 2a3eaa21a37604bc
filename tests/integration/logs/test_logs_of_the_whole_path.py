"""The application at its most talkative, from the RIS to the phone, with every kind of fault on the way: its log names
nobody and holds no code, cookie, token or secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import StatementError
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from app.bootstrap import Services
from sms.errors import SmsRefused
from sms.simulator.carrier import SimulatedCarrier
from tests.factories.access import application
from tests.factories.door_app import bearer
from tests.factories.house import clock_of, exam_body, report_body, services
from tests.factories.leaks import leaks
from tests.factories.log_output import LogOutput, written
from tests.factories.telling import deliver_receipts, exam_of, messages, receive_study, sweep

NAME, OTHER_NAME, PHONE, ID_NUMBER, BORN = "欧阳小芳", "李^娜", "13987654321", "11010519491231002X", "1949-12-31"
FACTOR, WRONG, HOOK_SECRET, PASSWORD, TOTP = (
    "002X",
    "7Q3X",
    "a-secret-of-the-hook",
    "Correct-Horse 17",
    "JBSWY3DPEHPK3PXP",
)
FINDINGS, IMPRESSION = "右肺上叶见磨玻璃结节", "建议三个月后复查"


class Walk:
    """One pass over everything; what must stay unsaid is collected on the way."""

    def __init__(self, house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.patch = house, monkeypatch
        self.app = application(house)
        self.app.testing = False  # as in production: no exception passes through
        self.client: FlaskClient = self.app.test_client()
        self.unsaid = {
            NAME,
            OTHER_NAME,
            PHONE,
            ID_NUMBER,
            BORN,
            BORN.replace("-", ""),
            FACTOR,
            WRONG,
            HOOK_SECRET,
            PASSWORD,
            TOTP,
            FINDINGS,
            IMPRESSION,
            "陈医生",
            "DICOM^Name",
        }
        self.unsaid |= set(json.loads(house.settings.key_path.read_text())["keys"].values())

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.client.open(path, method=method, **more)
        answer.get_data()
        self.unsaid |= {cookie.value for cookie in self.client._cookies.values()}
        answer.close()
        return answer

    def register(self) -> None:
        ris, upload = bearer(self.house, "ris"), bearer(self.house, "upload")
        self.unsaid |= {token["Authorization"].split()[1] for token in (ris, upload)}
        body = exam_body(patient_name=NAME, patient_phone=PHONE, patient_id_number=ID_NUMBER, patient_birth_date=BORN)
        assert self.ask("PUT", "/api/v1/exams/A1", json=body, headers=ris).status_code == 201
        bad = exam_body(patient_name=NAME * 40, patient_phone=PHONE + "9", patient_birth_date="1949-13-31", more=NAME)
        assert self.ask("PUT", "/api/v1/exams/A2", json=bad, headers=ris).status_code == 400
        broken = json.dumps(body)[:-4]
        json_type = {**ris, "Content-Type": "application/json"}
        assert self.ask("PUT", "/api/v1/exams/A2", data=broken, headers=json_type).status_code == 400
        assert self.ask("PUT", "/api/v1/exams/A1", json=body, headers=upload).status_code == 403
        wrong_token = {"Authorization": f"Bearer {PASSWORD}"}
        assert self.ask("PUT", "/api/v1/exams/A1", json=body, headers=wrong_token).status_code == 401
        report = report_body(findings=FINDINGS, impression=IMPRESSION)
        assert self.ask("PUT", "/api/v1/exams/A1/report", json=report, headers=ris).status_code == 201

    def prepare(self) -> None:
        receive_study(self.house, AccessionNumber="A1", PatientBirthDate=BORN.replace("-", ""), PatientName=NAME)
        receive_study(self.house, AccessionNumber="A9", PatientName="DICOM^Name")  # nobody's exam
        sweep(self.house, seconds=120)
        while self.house.worker.run_job():
            pass
        sweep(self.house, seconds=1)
        deliver_receipts(self.house)

    def open(self) -> None:
        with self.house.db.session() as session:
            qr = self.house.patient_access.codes.qr_code(session, exam_of(self.house))
        pickup = self.code_in_last_message(r"取片码\s*([2-9A-HJ-NP-Z]{6})")
        self.unsaid |= {qr, pickup, qr.lower(), pickup.lower()}
        with_phone = {"phone": PHONE, "pickup_code": pickup}
        for path in (f"/q/{qr}", f"/s/{pickup}", f"/s/{qr}", f"/q/{qr}?phone={PHONE}&id={ID_NUMBER}"):
            assert self.ask("GET", path).status_code == 200
        for path, form in ((f"/q/{qr}", {}), (f"/s/{pickup}", with_phone), ("/s", with_phone)):
            assert self.ask("POST", path, data={**form, "factor": WRONG}).status_code == 403
            assert self.ask("POST", path, data={**form, "factor": FACTOR}).status_code == 303
        self.client.delete_cookie("cf-device")
        for _ in range(12):
            self.ask("POST", f"/q/{qr}", data={"factor": WRONG})
            clock_of(self.house).advance(16 * 60)
        assert self.ask("POST", f"/q/{qr}", data={"factor": FACTOR}).status_code == 429
        assert self.ask("POST", f"/q/{qr}", data={"action": "send_code"}).status_code == 200
        sweep(self.house, seconds=1)
        one_time = self.code_in_last_message(r"(\d{6})")
        self.unsaid.add(one_time)
        assert self.ask("POST", f"/q/{qr}", data={"one_time_code": "000000"}).status_code == 403
        assert self.ask("POST", f"/q/{qr}", data={"one_time_code": one_time}).status_code == 303

    def look(self) -> None:
        base = f"/exams/{exam_of(self.house).id.hex}"
        for path in (
            "",
            "/viewer",
            "/report.pdf",
            "/manifest.json",
            "/series/1/frames/1.jpg",
            "/images.zip",
            "/dicom.zip",
        ):
            assert self.ask("GET", base + path).status_code == 200, path
        for path in (f"/exams/{ID_NUMBER}", f"{base}/{NAME}", f"{base}/series/1/frames/9.jpg", f"/{PHONE}"):
            assert self.ask("GET", path).status_code == 404
        assert self.ask("GET", f"{base}/series/1/frames/1.jpg?wc={PHONE}x").status_code == 400
        self.ask("POST", "/staff/login", data={"username": NAME, "password": PASSWORD, "totp": TOTP})
        self.ask("GET", f"/staff/search?name={NAME}&phone={PHONE}")
        self.ask("POST", f"/hooks/sms/tencent?secret={HOOK_SECRET}", data=f'[{{"mobile": "{PHONE}", ', headers=JSON)
        self.ask("POST", f"/hooks/sms/tencent?secret={PASSWORD}", json=[{"mobile": PHONE}])

    def break_views(self) -> None:
        """What no view should do: an exception full of what it handled, from the database too."""
        base = f"/exams/{exam_of(self.house).id.hex}"

        def fail(**_: str) -> str:
            cookies = {cookie.key: cookie.value for cookie in self.client._cookies.values()}
            try:
                raise StatementError(NAME, "UPDATE patients SET phone = :phone", {"phone": PHONE}, KeyError(ID_NUMBER))
            except StatementError as error:
                raise RuntimeError(f"{NAME} {PHONE} {ID_NUMBER} {FACTOR} {cookies}") from error

        self.patch.setitem(self.app.view_functions, "patient_exams.exam", fail)
        assert self.ask("GET", f"{base}?name={NAME}").status_code == 500

    def break_carrier(self) -> None:
        """The carrier fails in every way, quoting the message; so does a sweep."""
        faults = [
            RuntimeError(f"{PHONE} {NAME}"),
            TencentCloudSDKException("InternalError", f"+86{PHONE} {NAME}", PASSWORD),
            SmsRefused("FailedOperation.ContainSensitiveWord", f"{NAME} {PHONE}", alarm=True),
        ]
        for number, fault in enumerate(faults):

            def refuse(_: object, phone: str, message: Any, context: str, fault: Exception = fault) -> Any:
                fault.args = (*fault.args, phone, message, context)
                raise fault

            self.patch.setattr(SimulatedCarrier, "send", refuse)
            self.house.desk.messages.resend(exam_of(self.house).id, f"staff:{number}", "reason")
            sweep(self.house, seconds=3600)

    def code_in_last_message(self, pattern: str) -> str:
        found = re.search(pattern, messages(self.house, f"+86{PHONE}")[-1].text)
        assert found
        return found.group(1)


JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, patched: pytest.MonkeyPatch) -> Iterator[tuple[Walk, LogOutput]]:
    house = services(
        tmp_path_factory.mktemp("house"), log_level="debug", sms_callback_secret=HOOK_SECRET, sms_family="T1"
    )
    with written() as output:
        walk = Walk(house, patched)
        walk.register()
        walk.prepare()
        walk.open()
        walk.look()
        walk.break_views()
        walk.break_carrier()
    yield walk, output
    house.pictures.renderer.close()
    house.db.dispose()


def test_nothing_personal_and_no_secret_is_in_the_log(walked: tuple[Walk, LogOutput]) -> None:
    walk, output = walked
    text = output.getvalue()
    assert len(walk.unsaid) > 25
    assert leaks(walk.unsaid, text) == []
    assert not re.search("[^\\x00-\\x7f]", text)


def test_yet_the_log_tells_what_happened(walked: tuple[Walk, LogOutput]) -> None:
    lines = walked[1].lines()
    events = {line["event"] for line in lines}
    assert {"request", "unforeseen error", "sending ended in a fault", "the carrier refuses our messages"} <= events
    assert {line["status"] for line in lines if line["event"] == "request"} >= {
        200,
        201,
        303,
        400,
        401,
        403,
        404,
        429,
        500,
    }
    [forced] = [line for line in lines if line["event"] == "unforeseen error"]
    assert re.match(r"RuntimeError at .*test_logs.* caused by StatementError", forced["exception"])
    assert "(withheld)" not in events
    assert not [line for line in lines if "fields_withheld" in line or "(withheld)" in line.values()]
