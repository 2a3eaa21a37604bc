"""One application that holds the readable study, for a whole file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories.readable_study import multi_frame, report, slices
from tests.factories.reading_machine import ReadingMachine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingMachine]:
    machine = ReadingMachine(tmp_path_factory.mktemp("wado"))
    machine.hold(*slices(), multi_frame(), report())
    yield machine
    machine.close()
