"""Bounds on the size of functions and on what lies at the root. `python -m deploy.house_sizes` prints the figures."""

from __future__ import annotations

from deploy.house_sizes import FOLDERS, functions, lines_of_rooms, sources
from tests.places import ROOT

LONGEST_FUNCTION = 60
AT_THE_ROOT = {"__init__.py", "clock.py", "errors.py"}
FORMATTER_SWITCH = "# " + "fmt:"


def test_no_function_is_longer_than_a_page() -> None:
    assert [function for function in functions() if function.lines > LONGEST_FUNCTION] == []


def test_the_formatter_is_switched_off_nowhere() -> None:
    paths = [*sources(), *(ROOT / "migrations").rglob("*.py")]
    assert [str(path.relative_to(ROOT)) for path in paths if FORMATTER_SWITCH in path.read_text()] == []


def test_only_three_modules_lie_at_the_root_of_the_application() -> None:
    assert {path.name for path in (ROOT / "app").iterdir() if path.is_file()} == AT_THE_ROOT


def test_every_folder_and_every_kind_of_function_is_counted() -> None:
    found = list(functions())
    assert {function.place.partition("/")[0] for function in found} == set(FOLDERS)
    assert any(function.name == "__init__" for function in found)
    [this] = [function for function in found if function.name == "test_no_function_is_longer_than_a_page"]
    assert (this.lines, this.place.rpartition(":")[0]) == (2, "tests/contracts/test_sizes.py")
    assert lines_of_rooms()["archive"] > 0
