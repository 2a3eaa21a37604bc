"""The packages of requirements/*.in are those in use: what is imported is declared, and what is declared is imported.

`deptry` compares. What is needed without an import stands below with its reason. What was looked at in each package
is in test_audit.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

OURS = ("app", "sms", "wechat", "migrations", "wsgi", "tests", "bench", "deploy")
PRODUCT = ("app", "sms", "wechat", "migrations")
REST = ("tests", "bench", "deploy")
RUNTIME, TEST = "requirements/runtime.in", "requirements/test.in"

NOT_IMPORTED = {
    RUNTIME: dict[str, str](),
    TEST: {
        "deptry": "test_dependencies.py starts it",
        "mypy": "make lint",
        "pip-audit": "make audit",
        "pytest-socket": "a plug-in: no test reaches another machine",
        "pytest-xdist": "a plug-in: tests on all cores",
        "ruff": "make lint and make fix",
        "types-requests": "the types of requests, for mypy",
    },
}

LOCK_LINE = re.compile(r"#.*|[\w.\[\],-]+==.+ \\| {4}(#.*|--hash=sha256:[0-9a-f]{64}( \\)?)")


def packages(file: str) -> set[str]:
    """Names of the packages that a .in file asks for, without extras."""
    lines = (ROOT / file).read_text().splitlines()
    return {re.split(r"[\[<>=~; ]", line)[0] for line in lines if line and line[0] not in "#-"}


def faults(folder: Path, roots: tuple[str, ...], *files: str) -> set[tuple[str, str]]:
    """What deptry finds: (its code, module or package). The first file's packages must be used, the second's may be."""
    found = folder / "found.json"
    options = [option for name in OURS for option in ("--known-first-party", name)]
    options += ["--requirements-files", files[0]] + [f"--requirements-files-dev={file}" for file in files[1:]]
    # pyproject.toml is not given: its table [project] has no packages, and deptry would look for them there alone.
    # DEP004 would forbid to import the packages of the second file.
    command = [sys.executable, "-m", "deptry", *roots, "--config", "none.toml", "--exclude", "nothing", *options]
    command += ["--ignore", "DEP004", "--json-output", str(found)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.exists(), ran.stderr
    return {(fault["error"]["code"], fault["module"]) for fault in json.loads(found.read_text())}


def test_the_product_imports_what_is_declared_and_nothing_else_is_installed(tmp_path: Path) -> None:
    assert faults(tmp_path, PRODUCT, RUNTIME) == {("DEP002", name) for name in NOT_IMPORTED[RUNTIME]}


def test_tests_import_what_is_declared_and_nothing_else_is_installed(tmp_path: Path) -> None:
    assert faults(tmp_path, REST, TEST, RUNTIME) == {("DEP002", name) for name in NOT_IMPORTED[TEST]}


@pytest.mark.parametrize("file", NOT_IMPORTED)
def test_what_is_listed_as_not_imported_is_declared(file: str) -> None:
    assert set(NOT_IMPORTED[file]) <= packages(file)


def test_a_package_nobody_imports_and_an_import_nobody_declares_are_found(tmp_path: Path) -> None:
    (tmp_path / "unused.in").write_text("segno\nflask\n")
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "view.py").write_text("import flask\nimport numpy\n")
    found = faults(tmp_path, (str(tmp_path / "room"),), str(tmp_path / "unused.in"))
    assert found == {("DEP002", "segno"), ("DEP003", "numpy")}


def test_requirements_name_no_place_to_load_from() -> None:
    """A lock holds pins, their hashes and comments; a list holds names. No line of either is an option but `-c`."""
    for path in sorted((ROOT / "requirements").iterdir()):
        text = path.read_text()
        assert ":" + "//" not in text, path
        if path.suffix == ".txt":
            assert [line for line in text.splitlines() if not LOCK_LINE.fullmatch(line)] == [], path
        assert re.findall(r"^-(?!c )\S*", text, re.MULTILINE) == [], path
