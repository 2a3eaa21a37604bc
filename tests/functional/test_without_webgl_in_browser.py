"""Every mode of the viewer works where WebGL is switched off: the server cuts and turns, the phone shows pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy.testbed.phone import chromium, phone_page
from tests.factories.browser import in_browser
from tests.factories.patient_pages import Pages
from tests.factories.viewer_modes import MODES, open_mode

pytestmark = in_browser
WEBGL = "Boolean(document.createElement('canvas').getContext('webgl'))"


@pytest.fixture(scope="module")
def without_webgl() -> Iterator[Browser]:
    with chromium("--disable-3d-apis") as browser:
        yield browser


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_shows_its_pictures_without_webgl(without_webgl: Browser, pages: Pages, mode: str) -> None:
    with phone_page(without_webgl) as page:
        open_mode(page, pages, mode)
        assert not page.evaluate(WEBGL)
