"""The simulated phone: what each patient of the demo is told."""

from __future__ import annotations

from pathlib import Path

from app.bootstrap import Services
from app.demo.__main__ import document
from app.demo.house import create_demo_app, demo_of
from app.web.machine.ris.bodies import exam_input
from tests.factories.demo_data import start, write
from tests.factories.house import exam_body, services
from tests.factories.telling import messages, receive_study, sweep


def test_two_studies_of_one_patient_reach_one_phone_and_of_two_patients_two(house: Services, data: Path) -> None:
    mine = [write(data, "a", AccessionNumber="W1"), write(data, "b", AccessionNumber="W2")]
    others = write(data, "c", AccessionNumber="W3", PatientName="Li^Si=李^四")
    exams = start(house, data)
    assert exams[mine[0]].person == exams[mine[1]].person
    assert exams[others].person.phone != exams[mine[0]].person.phone
    assert len(messages(house, "+86" + exams[mine[0]].person.phone)) == 1
    sweep(house, seconds=30)  # carriers take the same text half a minute later
    assert len(messages(house, "+86" + exams[mine[0]].person.phone)) == 2


def test_each_patient_gets_a_text_message_and_a_notice_that_opens_the_exam(house: Services, data: Path) -> None:
    (exam,) = start(house, write_one(data)).values()
    (text,) = messages(house, "+86" + exam.person.phone)
    assert "手机号" in text.text
    assert house.simulation.wechat is not None
    (notice,) = house.simulation.wechat.notices(demo_of(house).data.openid(exam.person.phone))
    assert notice.url == f"{house.settings.base_url}/s/{demo_of(house).data.link_code(exam.accession_number)}"
    app = create_demo_app(house)
    phone_page = app.test_client().get(f"/demo/phone?phone={exam.person.phone}").text
    assert text.text in phone_page
    assert notice.title in phone_page
    assert notice.url in phone_page
    path = notice.url.removeprefix(house.settings.base_url)
    assert app.test_client().post(path, data={"factor": exam.person.id_number[-4:]}).status_code == 303


def write_one(data: Path) -> Path:
    write(data, "a", AccessionNumber="W1")
    return data


def test_an_order_registered_by_hand_gets_its_text_message_too(house: Services, data: Path) -> None:
    start(house, write_one(data))
    order = exam_body(patient_name="钱七", patient_id="P77", patient_phone="13912345678")
    house.exams.registration.register("HAND1", exam_input(order), "machine:ris")
    uid = receive_study(house, AccessionNumber="HAND1", PatientID="P77", PatientName="Qian^Qi=钱^七")
    house.pictures.completion.complete_now(uid)
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    (text,) = messages(house, "+8613912345678")
    page = create_demo_app(house).test_client().get("/demo/phone?phone=13912345678")
    assert text.text in page.text


def test_a_phone_that_got_nothing_yet_is_empty_and_what_is_no_phone_does_not_exist(house: Services, data: Path) -> None:
    client = create_demo_app(house).test_client()
    assert client.get("/demo/phone").status_code == 200
    assert "还没有收到消息" in client.get("/demo/phone?phone=13900009999").text
    assert client.get("/demo/phone?phone=1").status_code == 404


def test_the_demos_long_link_opens_the_exam_and_stays_the_same(tmp_path: Path, data: Path) -> None:
    built = services(tmp_path / "long", sms_link="long", wechat_notices="off")
    try:
        write(data, "a")
        (exam,) = start(built, data).values()
        (told,) = document(built, demo_of(built), 8200)["exams"]
        assert document(built, demo_of(built), 8200)["exams"] == [told]
        code = told["sms_url"].removeprefix(f"{built.settings.base_url}/s/")
        assert len(code) == 26
        form = {"factor": exam.person.id_number[-4:]}
        assert create_demo_app(built).test_client().post(f"/s/{code}", data=form).status_code == 303
    finally:
        built.pictures.renderer.close()


def test_whatever_the_messages_carry_the_demos_pickup_code_opens_and_stays_the_same(
    house: Services, data: Path
) -> None:
    (exam,) = start(house, write_one(data)).values()
    (told,) = document(house, demo_of(house), 8200)["exams"]
    assert document(house, demo_of(house), 8200)["exams"] == [told]
    assert told["sms_url"].endswith("/s/" + told["pickup_code"])
    form = {"phone": exam.person.phone, "pickup_code": told["pickup_code"], "factor": exam.person.id_number[-4:]}
    assert create_demo_app(house).test_client().post("/s", data=form).status_code == 303
