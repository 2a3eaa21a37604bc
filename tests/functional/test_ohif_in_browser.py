"""OHIF, as hospitals install it, asks us from an origin of its own, without any proxy between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.bootstrap import build
from deploy.testbed.checked_studies import A, film, report, slices
from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.ohif import DIST, viewer_origin
from deploy.testbed.servers import environment, gunicorn, settings_of
from tests.factories.browser import in_browser
from tests.factories.door_app import bearer
from tests.factories.stored_over_http import stored

PATIENCE_MS = 60_000
DESK = {"width": 1366, "height": 768}
PIXELS = ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit")

pytestmark = [
    *in_browser,
    pytest.mark.skipif(not DIST.is_dir(), reason="OHIF of npm is missing: run deploy/test-tools.sh"),
]


def pdf_object() -> bytes:
    """A PDF of one page in the study of the slices."""
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", size=30)
    paper.cell(text="THE REPORT")
    content = bytes(paper.output())
    dataset = ct_slice(
        StudyInstanceUID=A,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        Modality="DOC",
        PatientName="Check^Anna=检查^安娜",
        PatientID="CHECK1",
        AccessionNumber="CHECKA1",
        SeriesDescription="Paper",
        **dict.fromkeys((*PIXELS, "PixelRepresentation", "PixelData")),
    )
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    return part10(dataset)


def named_in_characters() -> bytes:
    """A study whose device writes characters where letters belong, as most in China do."""
    named = {"PatientName": "王^小明", "PatientID": "CHECK3", "AccessionNumber": "CHECKC3"}
    return part10(ct_slice(SpecificCharacterSet="GB18030", **named))


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the viewer, in front of a server that lets its origin in."""
    folder: Path = tmp_path_factory.mktemp("ohif")
    services = build(settings_of(folder))
    token = bearer(services, "upload", "read")
    services.pictures.renderer.close()
    services.db.dispose()
    with viewer_origin() as origin:
        environ = environment(folder) | {"CLOUDFILM_DICOMWEB_ORIGINS": origin.address}
        with gunicorn(folder, environ=environ) as server:
            stored(server.port, token, *slices(), film(), report(), pdf_object(), named_in_characters())
            origin.in_front_of(f"http://127.0.0.1:{server.port}/dicomweb", token["Authorization"])
            yield origin.address


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all pages: the viewer's scripts are 10 MB, which a browser keeps once it has read them."""
    context = browser.new_context(viewport=DESK)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose requests to us must all be answered well."""
    page, refused = context.new_page(), list[str]()
    page.set_default_timeout(PATIENCE_MS)
    page.on("response", lambda answer: refused.append(answer.url) if _is_refusal(answer.url, answer.status) else None)
    yield page
    page.close()
    assert refused == []


def _is_refusal(url: str, status: int) -> bool:
    return "/dicomweb/" in url and status >= 400


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("", ["CHECKA1", "CHECKB2", "Chest check"], []),
        ("?patientName=anna", ["CHECKA1"], ["CHECKB2"]),
        ("?patientName=小明", ["CHECKC3"], ["CHECKA1", "CHECKB2"]),
        ("?mrn=CHECK2", ["CHECKB2"], ["CHECKA1"]),
        ("?mrn=heck1", ["CHECKA1"], ["CHECKB2"]),
        ("?accession=CHECKB2", ["CHECKB2"], ["CHECKA1"]),
        ("?modalities=MR", ["CHECKB2"], ["CHECKA1"]),
        ("?mrn=NOBODY", ["No studies available"], ["CHECKA1", "CHECKB2"]),
    ],
)
def test_the_list_of_studies_is_filtered(
    viewer: str, page: Page, query: str, there: list[str], not_there: list[str]
) -> None:
    page.goto(f"{viewer}/{query}")
    for text in there:
        expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    for text in not_there:
        expect(page.get_by_text(text, exact=True)).to_have_count(0)


def test_characters_beside_letters_are_found_by_us_though_the_viewer_shows_letters_only(
    viewer: str, page: Page
) -> None:
    """It filters the rows of our answer once more, by the letters that it shows of a name."""
    with page.expect_response(lambda answer: "PatientName=" in answer.url) as asked:
        page.goto(f"{viewer}/?patientName=安娜")
    assert [study["0020000D"]["Value"] for study in asked.value.json()] == [[A]]


def test_a_study_opens_with_its_pictures(viewer: str, page: Page) -> None:
    frames: list[str] = []
    page.on("response", lambda answer: frames.append(answer.url) if "/frames/1" in answer.url else None)
    page.goto(f"{viewer}/viewer?StudyInstanceUIDs={A}")
    canvas = page.locator("canvas.cornerstone-canvas").first
    expect(canvas).to_be_visible(timeout=PATIENCE_MS)
    for _ in range(300):
        if _greys(page) > 20:
            break
        page.wait_for_timeout(200)
    assert _greys(page) > 20, "the slice is a wedge of many greys"
    assert frames


def _greys(page: Page) -> int:
    """How many greys the first picture has."""
    return int(
        page.evaluate(
            """() => {
                const canvas = document.querySelector('canvas.cornerstone-canvas');
                if (!canvas) return 0;
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                const seen = new Set();
                for (let at = 0; at < data.length; at += 4) seen.add(data[at]);
                return seen.size;
            }"""
        )
    )


def test_a_pdf_of_the_study_is_shown(viewer: str, page: Page) -> None:
    page.goto(f"{viewer}/viewer?StudyInstanceUIDs={A}")
    row = page.locator('[data-cy="study-browser-thumbnail-no-image"]').first
    row.wait_for(state="attached")
    row.dispatch_event("dblclick")  # what introduces the viewer lies above it
    page.locator('object[type="application/pdf"][data^="blob:"]').wait_for(state="attached")
    content = page.evaluate(
        """async () => {
            const shown = document.querySelector('object[type="application/pdf"]');
            const answer = await fetch(shown.data);
            return new TextDecoder('latin1').decode(await answer.arrayBuffer()).slice(0, 5);
        }"""
    )
    assert content == "%PDF-"
