"""OHIF, as hospitals install it, asks us from an origin of its own, without any proxy between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.bootstrap import build
from deploy.testbed.checked_studies import A, film, report, slices
from deploy.testbed.ohif import DIST, viewer_origin
from deploy.testbed.servers import environment, gunicorn, settings_of
from tests.factories.browser import in_browser
from tests.factories.door_app import bearer
from tests.factories.stored_over_http import stored

PATIENCE_MS = 60_000
DESK = {"width": 1366, "height": 768}

pytestmark = [
    *in_browser,
    pytest.mark.skipif(not DIST.is_dir(), reason="OHIF of npm is missing: run deploy/test-tools.sh"),
]


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
            stored(server.port, token, *slices(), film(), report())
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
