"""The main path, as it will be walked: a modality sends, the phone buzzes, the patient opens, reads and scrolls."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]

from deploy.testbed.phone import chromium, phone_page, throttled
from deploy.testbed.shared_data import files_of
from tests.factories.browser import in_browser, pixel, wait_for_slice, wait_until
from tests.factories.demo_server import Demo, agreed, demo
from tests.factories.house import exam_body, report_body
from tests.shared_data import needs

pytestmark = in_browser
PHONE, FACTOR = "13900000001", "0027"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as server:
        yield server


def send_chest_ct(running: Demo) -> int:
    """C-STORE the real chest CT; its header says nothing of sex and birth date, so they are filled in as registered."""
    door = running.about["dicom"]
    ae = AE(ae_title=door["calling_ae"])
    ae.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.4.80")
    association = ae.associate("127.0.0.1", door["port"], ae_title=door["called_ae"])
    assert association.is_established
    sent = 0
    for path in files_of("ct-chest-nlst-101287"):
        ds = dcmread(path)
        if ds.SOPClassUID != CTImageStorage:
            continue
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "李^娜", "P1", "F", "19600102"
        ds.AccessionNumber = "REAL-CT-1"
        assert association.send_c_store(ds).Status == 0
        sent += 1
    association.release()
    return sent


def texts_on_phone(page: Page, running: Demo, phone: str) -> list[str]:
    page.goto(f"{running.base}/demo/phone?phone={phone}")
    return page.locator(".sms__bubble").all_inner_texts()


def digits_on_phone(page: Page, running: Demo, phone: str) -> str:
    for _ in range(60):
        for text in reversed(texts_on_phone(page, running, phone)):
            if found := re.search(r"验证码是(\d{6})", text):
                return found.group(1)
        page.wait_for_timeout(500)
    raise AssertionError("no digits came within half a minute")


def come_in_by_phone(page: Page, running: Demo, phone: str, factor: str) -> None:
    """As somebody does who reads the digits on the same phone and goes back to the page."""
    page.goto(f"{running.base}/demo/phone?phone={phone}")
    page.get_by_role("link", name="用手机号查看").click()
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取短信验证码").click()
    assert page.get_by_text("验证码已经发出").count() == 1
    with page.context.new_page() as reading:
        digits = digits_on_phone(reading, running, phone)
    page.get_by_label("短信验证码").fill(f"{(int(digits) + 1) % 10**6:06d}")
    page.get_by_label("身份证号后四位").fill(factor)
    page.get_by_role("button", name="查看检查").click()
    assert page.get_by_label("身份证号后四位").input_value() == factor
    page.get_by_label("短信验证码").fill(digits)
    page.get_by_role("button", name="查看检查").click()
    agreed(page, running.base)
    page.wait_for_url(re.compile("/exams$"))


def open_with(page: Page, phone: str, factor: str) -> None:
    form = page.locator("main form").first
    if form.locator("[name=phone]").count():
        form.locator("[name=phone]").fill(phone)
    form.locator("[name=factor]").fill(factor)
    form.locator("button[type=submit]").first.click()
    page.wait_for_url(re.compile("/consent$|/exams/[0-9a-f]{32}$"))
    agreed(page, page.url.partition("/consent")[0].partition("/exams")[0])
    page.wait_for_url(re.compile("/exams/[0-9a-f]{32}$"))


def test_a_real_ct_sent_by_c_store_reaches_the_phone_and_is_scrolled(running: Demo) -> None:
    needs("ct-chest-nlst-101287")
    assert running.put("/exams/REAL-CT-1", exam_body()) == 201
    assert running.put("/exams/REAL-CT-1/report", report_body()) == 201
    assert send_chest_ct(running) == 143
    with chromium() as browser, phone_page(browser) as page:
        for _ in range(60):
            if told := texts_on_phone(page, running, PHONE):
                break
            page.wait_for_timeout(1000)
        assert told, "no message came within a minute"
        assert "用本手机号查看" in told[0]
        come_in_by_phone(page, running, PHONE, FACTOR)
        throttled(page)
        page.locator(".exam-link").click()
        assert page.get_by_text("胸部CT平扫未见明显异常").count() == 1
        page.goto(page.url + "/viewer")
        page.wait_for_selector("#picture[data-slice]")
        wait_until(page, "document.querySelector('#counter').textContent.includes('143')")
        assert pixel(page, 0.3, 0.5) < 120  # lung
        middle = int(page.get_attribute("#picture", "data-slice") or 0)
        before = [pixel(page, x / 20, 0.5) for x in range(20)]
        for _ in range(12):
            page.keyboard.press("ArrowDown")
        wait_for_slice(page, middle + 12)
        after = [pixel(page, x / 20, 0.5) for x in range(20)]
        assert before != after


def test_without_script_a_patient_comes_from_the_message_to_the_list_and_back(running: Demo) -> None:
    exam = running.about["exams"][0]
    person = exam["patient"]
    with chromium() as browser, phone_page(browser, java_script_enabled=False) as page:
        assert texts_on_phone(page, running, person["phone"])
        come_in_by_phone(page, running, person["phone"], person["id_number"][-4:])
        page.locator(".exam-link").first.click()
        page.wait_for_url(re.compile("/exams/[0-9a-f]{32}$"))
        page.get_by_role("link", name="返回我的检查").click()
        page.wait_for_url(re.compile("/exams$"))
        page.get_by_role("button", name="退出查看").click()
        assert page.goto(f"{running.base}/exams").status == 404


def test_the_qr_of_the_printed_sheet_opens_the_exam(running: Demo, tmp_path: Path) -> None:
    if not (shutil.which("zbarimg") and shutil.which("pdftoppm")):
        pytest.skip("zbar-tools or poppler-utils is missing")
    exam = running.about["exams"][0]
    sheet = running.get(f"/api/v1/exams/{exam['accession_number']}/report-sheet.pdf", "ris_token")
    (tmp_path / "sheet.pdf").write_bytes(sheet)
    subprocess.run(["pdftoppm", "-r", "150", "-gray", "-png", "sheet.pdf", "s"], cwd=tmp_path, check=True)
    picture = next(tmp_path.glob("s-*.png"))
    scanned = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, check=True)
    assert scanned.stdout.strip() == exam["qr_url"]
    with chromium() as browser, phone_page(browser) as page:
        page.goto(scanned.stdout.strip())
        open_with(page, exam["patient"]["phone"], exam["patient"]["id_number"][-4:])
        assert page.locator("main img").first.evaluate("image => image.naturalWidth") > 100


def test_the_demo_keeps_its_codes_and_tokens_over_a_kill(tmp_path: Path) -> None:
    with demo(tmp_path, end=signal.SIGKILL) as first:
        port = int(first.base.rpartition(":")[2])
    with demo(tmp_path, port) as second:
        left = {name: value for name, value in first.about.items() if name != "dicom"}
        right = {name: value for name, value in second.about.items() if name != "dicom"}
        assert left == right
        assert len(right["exams"]) == 2
