"""What many journeys start with: a small house, its application, one exam with its codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from tests.factories.access import Issued, application, issued
from tests.factories.house import services
from tests.factories.staff import Console, console


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return application(house)


@pytest.fixture
def exam(house: Services) -> Issued:
    return issued(house)


@pytest.fixture
def desk(app: Flask, house: Services) -> Console:
    return console(app, house)
