"""`python -m bench`: which benchmarks run, and that a lack is said aloud and stops no other."""

from __future__ import annotations

import pytest

import bench.__main__ as command
from bench.skipped import Skipped


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def lacking() -> None:
        raise Skipped("no Orthanc here")

    benchmarks = {"first": lambda: names.append("first"), "lacking": lacking, "last": lambda: names.append("last")}
    monkeypatch.setattr(command, "BENCHMARKS", benchmarks)
    return names


def test_all_run_in_order_and_a_lack_is_said(ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert ran == ["first", "last"]
    assert "skipped: no Orthanc here" in capsys.readouterr().out


def test_only_the_named_run(ran: list[str]) -> None:
    assert command.main(["last"]) == 0
    assert ran == ["last"]


def test_an_unknown_name_runs_nothing(ran: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["first", "nonsense"]) == 2
    assert ran == []
    assert "nonsense" in capsys.readouterr().err
