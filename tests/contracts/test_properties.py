"""Each test that searches has the mark `hypothesis`, so that a fresh search runs it (tests/soak/properties.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.soak import properties

SEARCHES = ("given", "run_state_machine_as_test")


def called(node: ast.AST) -> str:
    """The name of what is called: `given` of `@given(…)`."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def searching_inside(path: Path) -> Iterator[ast.FunctionDef]:
    """The test functions that hold a search and are not one themselves: hypothesis marks only those."""
    for test in ast.walk(ast.parse(path.read_text())):
        if not isinstance(test, ast.FunctionDef) or not test.name.startswith("test_"):
            continue
        if any(called(mark) == "given" for mark in test.decorator_list):
            continue
        if any(called(node) in SEARCHES for node in ast.walk(test)):
            yield test


@pytest.mark.parametrize("folder", ["unit", "integration", "functional", "contracts"])
def test_a_test_that_holds_a_search_is_marked(folder: str) -> None:
    bare = [
        f"{path.relative_to(ROOT)}::{test.name}"
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
        for test in searching_inside(path)
        if "pytest.mark.hypothesis" not in [ast.unparse(mark) for mark in test.decorator_list]
    ]
    assert bare == []


def test_a_search_of_a_factory_is_held_by_no_test_unseen() -> None:
    """A factory that searches would hide it from this contract."""
    factories = (ROOT / "tests" / "factories").rglob("*.py")
    assert [
        str(path) for path in factories if any(called(n) in SEARCHES for n in ast.walk(ast.parse(path.read_text())))
    ] == []


def test_a_round_names_its_seed_and_finds_all_marked_tests() -> None:
    assert "--hypothesis-seed=7" in properties.command(7)
    assert properties.WHICH.startswith("hypothesis and ")
