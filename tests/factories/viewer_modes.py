"""The viewer's modes, each opened in a browser as a finger opens it, over the pages of `patient_pages`."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.factories.browser import finger, middle_of_stage, mouse_drag, wait_for_slice, wait_until, with_tools
from tests.factories.patient_page_frames import CT_PLACE, LAYER, MAMMOGRAM_PLACES
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

VIEWER = f"/exams/{EXAM_ID}/viewer"


def open_mode(page: Page, pages: Pages, mode: str) -> None:
    """The viewer in the mode, one of MODES, with its pictures drawn. The page must have a touch screen or be wide."""
    pages.mammograms = mode == "mammograms"
    pages.places = {1: CT_PLACE, **(MAMMOGRAM_PLACES if pages.mammograms else {})}
    pages.beside = {"objects": [LAYER], "key_images": [{"n": 1, "k": 12}]} if mode == "layers" else {}
    page.goto(pages.base_url + VIEWER)
    wait_for_slice(page, 30)
    page.wait_for_selector('#picture[data-tools="ready"]')
    MODES[mode](page)


def _press(page: Page, name: str) -> None:
    with_tools(page)
    page.locator("#tray").get_by_role("button", name=name, exact=True).click()


def _stack(page: Page) -> None:
    """It is open."""


def _measuring(page: Page) -> None:
    _press(page, "长度")
    page.locator("#stage").scroll_into_view_if_needed()
    x, y = middle_of_stage(page)
    if page.evaluate("navigator.maxTouchPoints"):
        finger(page, (x - 50, y), (x + 60, y + 20))
    else:
        mouse_drag(page, (x - 50, y), (x + 60, y + 20))
    wait_until(page, "document.getElementById('stage').textContent.includes('毫米')")


def _planes(page: Page) -> None:
    _press(page, "三维切面")
    wait_until(page, "(document.querySelector('#mpr-axial canvas').dataset.cut || '').includes('axial/30.jpg')")


def _turntable(page: Page) -> None:
    _press(page, "立体旋转")
    wait_until(page, "(document.querySelector('#turntable canvas').dataset.turn || '').includes('/turntable/1.jpg')")


def _pair(page: Page) -> None:
    _press(page, "左右对比")
    wait_until(page, "document.querySelectorAll('#pair canvas[data-picture]').length >= 1")


def _mammograms(page: Page) -> None:
    _press(page, "双侧乳腺")
    wait_until(page, "document.getElementById('pair').dataset.scale === 'one'")


def _tiles(page: Page) -> None:
    page.get_by_role("button", name="胸片").click()
    page.wait_for_selector('#picture[data-series="4"][data-quality="full"]')
    page.locator("#stage").scroll_into_view_if_needed()
    page.locator("#stage").dblclick(position={"x": 100, "y": 100})
    wait_until(page, "(d => d.tiles && d.tiles.split('/')[0] === d.tiles.split('/')[1])(picture.dataset)")


def _layers(page: Page) -> None:
    _press(page, "肺结节")
    wait_until(page, "document.getElementById('picture').dataset.layers === '1'")


MODES: dict[str, Callable[[Page], None]] = {
    "stack": _stack,
    "tools": with_tools,
    "measuring": _measuring,
    "planes": _planes,
    "turntable": _turntable,
    "pair": _pair,
    "mammograms": _mammograms,
    "tiles": _tiles,
    "layers": _layers,
}
