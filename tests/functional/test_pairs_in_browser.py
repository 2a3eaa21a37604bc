"""Two pictures side by side in a real browser: mammograms at one scale, stacks that follow each other by place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from deploy.testbed.phone import phone_page
from tests.factories.browser import finger, in_browser, wait_for_slice, wait_until, with_tools
from tests.factories.patient_page_frames import CT_PLACE, LAYER, MAMMOGRAM_PLACES, NO_PLACE, SAGITTAL_PLACE
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser
SIZES = [(360, 780), (768, 1024), (1440, 900)]
US_PLACE = NO_PLACE | {
    "sizes": [{"width": 200.0, "height": 150.0, "at": "patient"}],
    "orientations": [[1, 0, 0, 0, 1, 0]],
    "positions": [[0, 0, 12 + 8 * k] for k in range(12)],
}
"""Of the series with 12 frames: from the 7th frame of the CT on, four times as far apart."""


@pytest.fixture
def pages_with(pages: Pages) -> Pages:
    pages.places = {1: CT_PLACE, 2: US_PLACE, **MAMMOGRAM_PLACES}
    pages.mammograms = True
    pages.priors = [{"id": EXAM_ID, "facts": "王*芳 2025-01-02", "name": "2025-01-02 胸部 CT"}]
    return pages


@pytest.fixture(params=SIZES, ids=str)
def page(request: pytest.FixtureRequest, browser: Browser, pages_with: Pages) -> Iterator[Page]:
    width, height = request.param
    with phone_page(browser, viewport={"width": width, "height": height}) as one:
        one.goto(f"{pages_with.base_url}/exams/{EXAM_ID}/viewer")
        wait_for_slice(one, 30)
        with_tools(one)
        yield one


def panel(at: int) -> str:
    return f"#pair .pair__stage:nth-child({at + 1})"


def shows(page: Page, left: str, right: str) -> None:
    for at, key in enumerate((left, right)):
        page.wait_for_selector(f'{panel(at)} canvas[data-picture="{key}"]')


def zooms(page: Page) -> list[float]:
    return [float(page.get_attribute(f"{panel(at)} canvas", "data-zoom") or 0) for at in (0, 1)]


def test_mammograms_hang_right_and_left_of_one_view_at_one_scale(page: Page) -> None:
    page.click("#tray >> text=双侧乳腺")
    shows(page, "8/1/full/", "7/1/sharp/")  # right CC, left CC: the larger one is fetched sharp
    wait_until(page, "document.getElementById('pair').dataset.scale === 'one'")
    assert page.locator("#pair-choices button").all_inner_texts() == ["CC", "MLO"]
    small, large = zooms(page)
    assert (small, large) == (pytest.approx(0.5, abs=0.02), 1.0)  # half as many millimetres
    facts = [page.inner_text(f"{panel(at)} .stage__facts") for at in (0, 1)]
    assert ["右乳 CC" in facts[0], "左乳 CC" in facts[1]] == [True, True]
    assert all("王*芳 2026-11-20" in one for one in facts)
    boxes = [page.locator(panel(at)).bounding_box() for at in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] < boxes[1]["x"]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["width"] == pytest.approx(boxes[1]["width"], abs=1)
    assert [bright(page, 0, 0.97), bright(page, 1, 0.03)] == [False, False]  # black margins of the phantom
    page.click("#pair >> text=MLO")
    shows(page, "6/1/sharp/", "5/1/sharp/")
    page.click("#pair >> text=放大")
    assert zooms(page) == [1.5, 1.5]
    page.keyboard.press("Escape")
    assert page.is_hidden("#pair")


LATE_PREVIEWS = """
  const decode = window.createImageBitmap;
  window.createImageBitmap = async (blob) => {
    const picture = await decode(blob);
    if (picture.width > 512) return picture;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    window.late += 1;
    return picture;
  };
  window.late = 0;
"""


def test_a_preview_decoded_late_does_not_take_the_place_of_the_sharp_picture(page: Page) -> None:
    page.evaluate(LATE_PREVIEWS)
    page.click("#tray >> text=双侧乳腺")
    shows(page, "8/1/full/", "7/1/sharp/")
    wait_until(page, "window.late >= 1")
    page.wait_for_timeout(50)
    shows(page, "8/1/full/", "7/1/sharp/")


def bright(page: Page, at: int, x: float) -> bool:
    level = page.evaluate(
        "([place, x]) => { const c = document.querySelector(place);"
        " return c.getContext('2d').getImageData(c.width * x, c.height / 2, 1, 1).data[0]; }",
        [f"{panel(at)} canvas", x],
    )
    return bool(level > 128)


def test_two_stacks_follow_each_other_by_their_place_in_the_body(page: Page) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=心脏超声")
    shows(page, "1/30/full/", "2/7/full/")  # 58 mm: nearest is 12 + 8 * 6 = 60 mm
    assert "按身体位置对应" in page.inner_text("#pair .mpr__facts")
    page.keyboard.press("PageDown")
    shows(page, "1/40/full/", "2/9/full/")
    page.click("#pair >> text=联动翻页")
    box = page.locator(panel(0)).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger(page, (x, y), (x, y - 60))
    wait_until(page, "!document.querySelector('#pair .stage__counter').textContent.startsWith('40 ')")
    assert page.inner_text(f"{panel(1)} .stage__counter") == "9 / 12"


def dragged(page: Page, at: int, dx: float) -> None:
    box = page.locator(panel(at)).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger(page, (x - dx / 2, y), (x + dx / 2, y))


def test_lengths_and_regions_are_measured_in_each_of_two_stacks(page: Page, pages_with: Pages) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=心脏超声")
    shows(page, "1/30/full/", "2/7/full/")
    wait_until(page, "document.getElementById('pair').dataset.scale === 'one'")
    page.locator("#pair").get_by_role("button", name="长度", exact=True).click()
    dragged(page, 0, 60)
    dragged(page, 1, 60)
    lengths = []
    for at in (0, 1):
        told = f"document.querySelector('{panel(at)} [role=status]').textContent"
        wait_until(page, f"{told}.includes('毫米')")
        lengths.append(float(page.evaluate(told).split(" ")[0]))
    assert lengths[0] == pytest.approx(lengths[1], rel=0.05)  # both are drawn at one scale
    assert lengths[0] > 10
    assert "测量结果非诊断用" in page.inner_text("#pair .mpr__facts")
    page.locator("#pair").get_by_role("button", name="清除测量", exact=True).click()
    page.locator("#pair").get_by_role("button", name="区域", exact=True).click()
    dragged(page, 1, 60)
    wait_until(page, f"document.querySelector('{panel(1)} [role=status]').textContent.includes('平均')")
    assert any("/series/2/frames/7/region.json" in request for request in pages_with.requests)
    page.locator("#pair").get_by_role("button", name="浏览", exact=True).click()
    page.keyboard.press("PageDown")
    shows(page, "1/40/full/", "2/9/full/")
    assert page.inner_text(f"{panel(1)} [role=status]") == ""


def test_a_window_is_chosen_for_both_stacks(page: Page) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=2025-01-02 胸部 CT")
    shows(page, "1/30/full/", "1/30/full/")
    page.locator("#pair").get_by_role("button", name="肺窗", exact=True).click()
    shows(page, "1/30/full/-600,1500", "1/30/full/-600,1500")
    page.keyboard.press("PageDown")
    shows(page, "1/40/full/-600,1500", "1/40/full/-600,1500")


def test_the_label_names_the_window_of_the_picture_in_view_until_the_chosen_one_is_drawn(page: Page) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=2025-01-02 胸部 CT")
    shows(page, "1/30/full/", "1/30/full/")
    labels = page.locator("#pair .stage__window")
    assert labels.all_inner_texts() == ["窗位 0 窗宽 2000"] * 2
    held: list[Route] = []
    page.route("**/frames/30.jpg?wc=-600*", lambda route: held.append(route) if len(held) < 2 else route.continue_())
    page.locator("#pair").get_by_role("button", name="肺窗", exact=True).click()
    coming = page.locator("#pair .stage__coming")
    wait_until(page, "document.querySelectorAll('#pair .stage__coming')[1].textContent.includes('正在换窗位')")
    assert labels.all_inner_texts() == ["窗位 0 窗宽 2000"] * 2
    assert coming.all_inner_texts() == ["正在换窗位…"] * 2
    shows(page, "1/30/preview", "1/30/preview")
    wait_until_held(page, held, 2)
    held[0].continue_()
    held[1].abort()
    page.wait_for_selector(f'{panel(0)} canvas[data-picture="1/30/full/-600,1500"]')
    shows(page, "1/30/full/-600,1500", "1/30/full/-600,1500")  # what failed is tried again
    assert labels.all_inner_texts() == ["窗位 -600 窗宽 1500"] * 2
    assert coming.all_inner_texts() == ["", ""]


def wait_until_held(page: Page, held: list[Route], count: int) -> None:
    for _ in range(300):
        if len(held) == count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(held)


def test_each_of_two_series_shows_where_the_slice_of_the_other_cuts_it(page: Page, pages_with: Pages) -> None:
    pages_with.places[3] = SAGITTAL_PLACE
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=头部 T1")
    shows(page, "1/30/full/", "3/3/full/")
    lines = "Array.from(document.querySelectorAll('#pair .stage__marks')).map((one) => one.dataset.crossing)"
    wait_until(page, f"{lines}.every(Boolean)")
    assert page.evaluate(lines) == ["0.472,0.000 0.472,1.000", "0.000,0.500 1.000,0.500"]  # x -10 mm, z 58 mm
    assert min(blue(page, 0), blue(page, 1)) > 100
    page.click("#pair >> text=联动翻页")
    page.keyboard.press("PageDown")
    shows(page, "1/40/full/", "3/3/full/")
    assert page.evaluate(lines)[1] == "0.000,0.422 1.000,0.422"  # z 78 mm
    page.click("#pair >> text=2025-01-02 胸部 CT")
    shows(page, "1/30/full/", "1/30/full/")
    wait_until(page, f"{lines}.length === 2")
    assert page.evaluate(lines) == ["", ""], "parallel slices do not cut each other"


def blue(page: Page, at: int) -> int:
    """How many pixels of what lies over a picture have the colour of such a line."""
    return int(
        page.evaluate(
            """(place) => {
                const canvas = document.querySelector(place);
                const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                let found = 0;
                for (let i = 0; i < all.length; i += 4) {
                    if (all[i + 2] > 200 && all[i] < 160 && all[i + 3] > 200) found += 1;
                }
                return found;
            }""",
            f"{panel(at)} .stage__marks",
        )
    )


def test_a_bar_tells_the_scale_of_each_of_two_pictures(page: Page) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=心脏超声")
    shows(page, "1/30/full/", "2/7/full/")
    scales = "Array.from(document.querySelectorAll('#pair .stage__marks')).map((one) => one.dataset.scale)"
    wait_until(page, f"{scales}.every((one) => Number(one) > 0)")
    wait_until(page, "document.getElementById('pair').dataset.scale === 'one'")
    before = page.evaluate(scales)
    assert before[0] == before[1], "both have one scale"
    for _ in range(4):
        page.click("#pair >> text=放大")
    assert all(0 < float(after) < float(one) for one, after in zip(before, page.evaluate(scales), strict=True))
    page.click("#pair >> text=头部 T1")
    shows(page, "1/30/full/", "3/3/full/")
    wait_until(page, f"{scales}[0] > 0")
    assert page.evaluate(scales)[1] == "", "nobody knows how large it is"


def test_layers_lie_over_pictures_of_a_pair_and_are_taken_off(browser: Browser, pages_with: Pages) -> None:
    pages_with.beside = {"objects": [LAYER], "key_images": [], "displayed": []}
    with phone_page(browser) as page:
        page.goto(f"{pages_with.base_url}/exams/{EXAM_ID}/viewer")
        wait_for_slice(page, 30)
        with_tools(page)
        page.click("#tray >> text=左右对比")
        page.click("#pair >> text=2025-01-02 胸部 CT")
        shows(page, "1/30/full/", "1/30/full/")
        assert not [request for request in pages_with.requests if "/objects/" in request]
        button = page.locator("#pair").get_by_role("button", name="肺结节", exact=True)
        button.click()
        shows(page, "1/40/full/", "1/40/full/")  # the nearest that has it
        laid = "Array.from(document.querySelectorAll('#pair .stage__picture')).map((one) => one.dataset.layers || '0')"
        wait_until(page, f"{laid}.join() === '1,0'")  # a layer of this exam does not lie over a prior
        assert page.locator("#pair .stage__legend:visible").all_inner_texts() == ["结节"]
        assert page.locator("#pair .mpr__facts").inner_text().startswith("已转到有轮廓的第 40 幅")
        button.click()
        wait_until(page, f"{laid}.join() === '0,0'")
        assert page.locator("#pair .stage__legend:visible").count() == 0
        for key in page.locator("#pair button:visible").all():
            size = key.bounding_box()
            assert size
            assert min(size["width"], size["height"]) >= 44


def test_where_no_place_is_known_the_scale_is_said_to_be_unknown(page: Page) -> None:
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=头部 T1")
    shows(page, "1/30/full/", "3/3/full/")
    wait_until(page, "document.getElementById('pair').dataset.scale === 'unknown'")
    assert "实际尺寸未知" in page.inner_text("#pair .mpr__facts")
    for button in page.locator("#pair button:visible").all():
        size = button.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 44


def test_a_prior_of_the_same_patient_stands_beside_and_nothing_of_it_is_asked_before(
    page: Page, pages_with: Pages
) -> None:
    page.wait_for_load_state("networkidle")
    assert not any("manifest" in request for request in pages_with.requests)
    page.click("#tray >> text=左右对比")
    page.click("#pair >> text=2025-01-02 胸部 CT")
    shows(page, "1/30/full/", "1/30/full/")
    assert "2026-11-20" in page.inner_text(f"{panel(0)} .stage__facts")
    assert "2025-01-02 胸部平扫" in page.inner_text(f"{panel(1)} .stage__facts")
    page.keyboard.press("PageDown")
    shows(page, "1/40/full/", "1/40/full/")
    page.keyboard.press("End")
    shows(page, "1/60/full/", "1/60/full/")
