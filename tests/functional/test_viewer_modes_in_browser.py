"""Each mode of the viewer on four screens, in large letters and in elder mode."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from app.web.patient.reading_choice import Reading
from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.measured import CUT_OR_OVERLAPPING
from tests.factories.patient_pages import Pages
from tests.factories.viewer_modes import MODES, open_mode

pytestmark = in_browser
SCREENS = [(360, 780), (390, 844), (768, 1024), (1440, 900)]
CHOICES = (Reading(), Reading(zoom=150), Reading(zoom=200), Reading(elder=True), Reading(elder=True, zoom=200))
UNREACHABLE = """() => {
  const mode = document.querySelector('.mpr:not([hidden])') || document;
  return [...mode.querySelectorAll('button, a, input')].filter((one) => {
    if (!one.getClientRects().length) return false;
    one.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, right, top, bottom } = one.getBoundingClientRect();
    const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return !seen || !(one.contains(seen) || seen.contains(one));
  }).map((one) => one.outerHTML.slice(0, 120));
}"""
"""Keys that no finger can hit, however far their rows are scrolled: they lie outside of the screen, or under others."""
COVERED_BY_A_MODE = "document.querySelector('.mpr:not([hidden])') !== null"
LARGEST = """() => Math.max(...[...document.querySelectorAll('canvas:not(.loaded)')]
  .map((one) => one.getBoundingClientRect()).map(({ width, height }) => width * height / innerWidth / innerHeight))"""
"""The share of the screen that the largest picture takes."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_a_mode_fits_the_screen_its_keys_are_reachable_and_the_picture_stays_large(
    browser: Browser, pages: Pages, width: int, height: int, mode: str
) -> None:
    screen = {"viewport": {"width": width, "height": height}, "has_touch": width < 900}
    with phone_page(browser, **screen) as page:
        open_mode(page, pages, mode)
        found = {choice.classes: faults(page, choice, 0.1 if mode == "planes" else 0.2) for choice in CHOICES}
        assert {classes: told for classes, told in found.items() if told} == {}


def faults(page: Page, choice: Reading, least: float) -> list[str]:
    """What does not fit after elder mode or the size of letters was changed, where the page stands."""
    page.evaluate("(classes) => { document.documentElement.className = classes; }", choice.classes)
    page.evaluate("window.dispatchEvent(new Event('resize'))")
    page.wait_for_timeout(100)
    found = [] if (share := page.evaluate(LARGEST)) >= least else [f"the picture takes {share:.0%} of the screen"]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("the page is wider than the screen")
    if not page.evaluate(COVERED_BY_A_MODE):  # which lies over the keys of the stack on purpose
        found += page.evaluate(CUT_OR_OVERLAPPING)
    return found + page.evaluate(UNREACHABLE)
