"""The ways of a patient through the demo, in a browser and against its simulated WeChat and carrier: told, told again,
in by the phone, in by a code typed in the chat, a share that ends, a visit that ends and begins anew."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.bootstrap.simulated_wechat import SUBSCRIPTION_ID
from app.identity.numbers import check_digit
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.demo_server import Demo, agreed, demo
from tests.factories.house import exam_body, report_body

pytestmark = in_browser
HOUR_S = 3600


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    serial: int

    @property
    def id_number(self) -> str:
        body = f"12010119600102{self.serial:03d}"
        return body + check_digit(body)

    @property
    def in_exam(self) -> dict[str, str]:
        about = {"id": f"J{self.serial}", "name": self.name, "phone": self.phone, "id_number": self.id_number}
        return {f"patient_{key}": value for key, value in about.items()}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with phone_page(browser) as one:
        yield one


def waited_for(look: Callable[[], Any]) -> Any:
    """What is there as soon as it is there; a worker makes it."""
    for _ in range(240):
        if found := look():
            return found
        time.sleep(0.25)
    raise AssertionError("nothing came within a minute")


def examined(running: Demo, person: Person, accession: str) -> None:
    """The RIS registers an exam, and its pictures arrive."""
    ordered(running, person, accession)
    pictures_come(running, person, accession)


def pictures_come(running: Demo, person: Person, accession: str) -> None:
    running.store(
        part10(
            ct_slice(
                AccessionNumber=accession,
                PatientName=f"{person.name[0]}^{person.name[1:]}",
                PatientID=f"J{person.serial}",
            )
        )
    )


def ordered(running: Demo, person: Person, accession: str) -> None:
    assert running.put(f"/exams/{accession}", exam_body(**person.in_exam)) == 201
    assert running.put(f"/exams/{accession}/report", report_body()) == 201


def news(running: Demo, phone: str) -> list[str]:
    return [text for text in running.texts(phone) if "验证码" not in text]


def digits(running: Demo, phone: str) -> str:
    """The digits that came to the phone."""
    found: list[str] = waited_for(lambda: re.findall(r"验证码是(\d{6})", " ".join(running.texts(phone))))
    return found[-1]


def bind(page: Page, running: Demo, openid: str, person: Person) -> None:
    page.goto(f"{running.base}/wx/enter?to=exams")
    page.locator(f'a[href*="as={openid}"]').click()
    page.wait_for_url(f"{running.base}/bind")
    page.get_by_label("检查人姓名").fill(person.name)
    page.get_by_label("证件号码").fill(person.id_number)
    page.get_by_role("button", name="获取短信验证码").click()
    page.get_by_label("短信验证码").fill(digits(running, person.phone))
    page.get_by_role("button", name="绑定并查看检查").click()
    agreed(page, running.base)
    page.wait_for_url(f"{running.base}/exams")


def open_by_code(page: Page, address: str, factor: str) -> None:
    page.goto(address)
    page.locator("[name=factor]").first.fill(factor)
    page.locator("main form button[type=submit]").first.click()
    agreed(page, address.partition("/q/")[0])
    page.wait_for_url(re.compile("/exams/[0-9a-f]{32}$"))


def come_in_by_phone(page: Page, running: Demo, person: Person) -> None:
    page.goto(f"{running.base}/p")
    page.get_by_label("手机号").fill(person.phone)
    page.get_by_role("button", name="获取短信验证码").click()
    page.get_by_label("短信验证码").fill(digits(running, person.phone))
    page.get_by_label("身份证号后四位").fill(person.id_number[-4:])
    page.get_by_role("button", name="查看检查").click()
    agreed(page, running.base)
    page.wait_for_url(f"{running.base}/exams")


def test_a_notice_that_nobody_opens_becomes_a_text_message(running: Demo, page: Page) -> None:
    openid, person = "oUnopened000000000000000001", Person("周敏", "13900000031", 110)
    ordered(running, person, "J-1")
    running.control("wechat", "say", {"openid": openid, "event": "subscribe"})
    bind(page, running, openid, person)
    pictures_come(running, person, "J-1")
    waited_for(lambda: [notice for notice in running.notices(openid) if notice["state"] == "delivered"])
    assert news(running, person.phone) == []
    running.control("wechat", "clock", {"advance_s": 4 * HOUR_S + 60})
    [text] = waited_for(lambda: news(running, person.phone))
    assert "已可查看" in text
    assert len(running.notices(openid)) == 1


def test_a_refused_notice_becomes_a_text_message_at_once(running: Demo, page: Page) -> None:
    openid, person = "oRefuses0000000000000000001", Person("吴芳", "13900000032", 112)
    ordered(running, person, "J-2")
    running.control("wechat", "say", {"openid": openid, "event": "subscribe"})
    bind(page, running, openid, person)
    running.control("wechat", "faults", {"path": "/cgi-bin/message/template/send", "kind": "undelivered", "times": 1})
    pictures_come(running, person, "J-2")
    waited_for(lambda: news(running, person.phone))
    assert [notice["state"] for notice in running.notices(openid)] == ["failed"]


def test_from_a_message_without_code_by_the_phone_door_to_the_list(running: Demo, page: Page) -> None:
    person = Person("郑丽", "13900000033", 114)
    examined(running, person, "J-3")
    [text] = waited_for(lambda: news(running, person.phone))
    assert "http" not in text
    assert not re.search(r"[0-9A-Z]{6}", text)
    come_in_by_phone(page, running, person)
    assert page.locator(".exam-link").count() == 1


def come_back(page: Page) -> None:
    """The reader looks at the page again: it asks at once and not only every half minute."""
    with page.expect_response("**/report-version"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_report_that_is_corrected_while_patient_and_guest_read_it_is_told_on_both_pages_and_by_a_message(
    running: Demo, page: Page, browser: Browser
) -> None:
    person = Person("褚静", "13900000038", 118)
    examined(running, person, "J-8")
    waited_for(lambda: news(running, person.phone))
    come_in_by_phone(page, running, person)
    page.locator(".exam-link").click()
    page.wait_for_url(re.compile("/exams/[0-9a-f]{32}$"))
    address = page.url
    page.goto(address + "/shares")
    page.get_by_role("button", name="生成链接和密码").click()
    link = page.locator("output[name=link]").inner_text()
    passcode = page.locator("output[name=passcode]").inner_text()
    page.goto(address)
    with phone_page(browser) as guest:
        guest.goto(link)
        guest.get_by_label("密码").fill(passcode)
        guest.get_by_role("button", name="打开").click()
        guest.wait_for_url(re.compile("/guest/[0-9a-f]{32}$"))
        told = len(news(running, person.phone))
        amended = report_body(status="amended", impression="右肺上叶小结节，建议复查。")
        assert running.put("/exams/J-8/report", amended) == 200
        for reader in (page, guest):
            come_back(reader)
            reader.get_by_text("您正在看的这一版已被替代").wait_for()
            reader.get_by_role("link", name="看最新的报告").click()
            reader.get_by_text("医生修订过这份报告").first.wait_for()
            assert reader.get_by_text("建议复查").count() >= 1
        waited_for(lambda: [text for text in news(running, person.phone)[told:] if "您的检查报告已可查看" in text])
        guest.goto(link)  # the next opening, in the same browser
        guest.wait_for_url(re.compile("/guest/[0-9a-f]{32}$"))
        assert guest.locator(".banner--amended").first.is_visible()
    assert page.get_by_text("看过以前版本的还有").count() == 1, "the guest had not looked again yet"
    page.goto(address)
    assert page.get_by_text("看过以前版本的还有").count() == 0, "the guest has the newest version by now"


def test_a_code_typed_in_the_chat_leads_to_the_form_that_takes_it(running: Demo, page: Page) -> None:
    exam = running.about["exams"][0]
    said = running.control("wechat", "say", {"openid": "oChat00000000000000000000001", "text": exam["pickup_code"]})
    assert said["status"] == 200
    link = re.search(r'href="([^"]+)"', said["reply"])
    assert link
    assert exam["pickup_code"] not in link[1], "a code is never in an address that a chat shows"
    page.goto(link[1])
    page.locator('a[href*="as=oChat00000000000000000000001"]').click()
    page.locator("[name=pickup_code]").fill(exam["pickup_code"])
    page.locator("[name=phone]").first.fill(exam["patient"]["phone"])
    page.locator("[name=factor]").first.fill(exam["patient"]["id_number"][-4:])
    page.locator("main form button[type=submit]").first.click()
    agreed(page, running.base)
    page.wait_for_url(re.compile("/exams/[0-9a-f]{32}$"))


def test_a_share_that_is_revoked_while_it_is_open_shows_nothing_more(
    running: Demo, page: Page, browser: Browser
) -> None:
    exam = running.about["exams"][1]
    open_by_code(page, exam["qr_url"], exam["patient"]["id_number"][-4:])
    page.goto(page.url + "/shares")
    page.get_by_role("button", name="生成链接和密码").click()
    link = page.locator("output[name=link]").inner_text()
    passcode = page.locator("output[name=passcode]").inner_text()
    with phone_page(browser) as guest:
        guest.goto(link)
        guest.get_by_label("密码").fill(passcode)
        guest.get_by_role("button", name="打开").click()
        guest.wait_for_url(re.compile("/guest/[0-9a-f]{32}$"))
        seen = guest.url
        assert guest.goto(seen).status == 200  # type: ignore[union-attr]
        page.goto(page.url)
        page.get_by_role("button", name="停止分享").first.click()
        assert guest.goto(seen).status == 404  # type: ignore[union-attr]
        guest.goto(link)
        guest.get_by_label("密码").fill(passcode)
        guest.get_by_role("button", name="打开").click()
        assert guest.get_by_text("没有打开").count() == 1


def test_a_visit_and_a_share_end_by_time_and_are_renewed(running: Demo, page: Page, browser: Browser) -> None:
    exam = running.about["exams"][0]
    factor = exam["patient"]["id_number"][-4:]
    open_by_code(page, exam["qr_url"], factor)
    address = page.url
    page.goto(address + "/shares")
    page.get_by_label("有效多久").select_option("0.25")
    page.get_by_role("button", name="生成链接和密码").click()
    link = page.locator("output[name=link]").inner_text()
    passcode = page.locator("output[name=passcode]").inner_text()
    running.control("wechat", "clock", {"advance_s": 7 * HOUR_S})
    assert page.goto(address).status == 404  # type: ignore[union-attr]
    with phone_page(browser) as guest:
        guest.goto(link)
        guest.get_by_label("密码").fill(passcode)
        guest.get_by_role("button", name="打开").click()
        assert guest.get_by_text("没有打开").count() == 1
    open_by_code(page, exam["qr_url"], factor)
    page.goto(page.url + "/shares")
    assert page.get_by_text("已到期").count() >= 1
    page.get_by_role("button", name="生成链接和密码").click()
    assert page.locator("output[name=link]").inner_text() != link


def test_who_does_not_follow_presses_a_button_and_is_told_of_the_report(running: Demo, browser: Browser) -> None:
    openid, person = "oNoFollower0000000000000001", Person("冯雪", "13900000036", 116)
    running.control("wechat", "users", {"openid": openid, "name": person.name, "follows": False})
    assert running.put("/exams/J-6", exam_body(**person.in_exam)) == 201
    pictures_come(running, person, "J-6")
    waited_for(lambda: news(running, person.phone))
    with phone_page(browser, user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50") as page:
        page.goto(f"{running.base}/p")
        page.get_by_label("手机号").fill(person.phone)
        page.get_by_role("button", name="获取短信验证码").click()
        page.get_by_label("短信验证码").fill(digits(running, person.phone))
        page.get_by_label("身份证号后四位").fill(person.id_number[-4:])
        page.get_by_role("button", name="查看检查").click()
        agreed(page, running.base)
        page.locator(".exam-link").click()
        page.get_by_role("link", name="报告出来通知我").click()
        page.locator(f'a[href*="as={openid}"]').click()
        page.wait_for_url(f"{running.base}/notify")
        page.locator("wx-open-subscribe .tell").click()
        page.get_by_text("已经记下").wait_for()
    answer = {"TemplateId": SUBSCRIPTION_ID, "SubscribeStatusString": "accept", "PopupScene": "2"}
    said = {"openid": openid, "event": "subscribe_msg_popup_event", "list": [answer], "long_term": True}
    assert running.control("wechat", "say", said)["status"] == 200
    before = news(running, person.phone)
    assert running.put("/exams/J-6/report", report_body()) == 201
    waited_for(lambda: [notice for notice in running.notices(openid) if notice["state"] == "delivered"])
    assert [notice["kind"] for notice in running.notices(openid)] == ["subscribe"]
    assert news(running, person.phone) == before
