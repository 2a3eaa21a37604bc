"""What the tests in a browser share: one Chromium a file, and the patients' pages over invented values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from deploy.testbed.phone import chromium
from tests.factories.patient_pages import Pages, served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def pages() -> Iterator[Pages]:
    with served() as one:
        yield one
