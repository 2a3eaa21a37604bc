"""The dated list of packages is the lock. An advisory fails the audit; a missing answer and an old look are told of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from deploy import audit
from deploy.audit import Answer, Look

TODAY = date(2026, 6, 1)
LOOK = Look(TODAY, "read", ("flask==3.1.0",))


def lines(*answers: Answer, looks: Sequence[Look] = (LOOK,), accepted: dict[str, str] | None = None) -> list[str]:
    return list(
        audit.verdict({f"{n}.txt": answer for n, answer in enumerate(answers)}, list(looks), accepted or {}, TODAY)
    )


def test_the_dated_list_holds_each_locked_package_once_in_its_version() -> None:
    looks, accepted = audit.audited()
    listed = [package for look in looks for package in look.packages]
    assert set(listed) == audit.locked()
    assert len(listed) == len(set(listed))
    assert all(accepted.values())


def test_each_look_has_its_day_and_says_what_was_looked_at() -> None:
    looks, _ = audit.audited()
    for look in looks:
        assert look.on <= datetime.now(UTC).date() + timedelta(days=1)
        assert len(look.at.split()) > 3


def test_each_pinned_package_of_a_lock_is_read() -> None:
    for lock in audit.LOCKS:
        assert len(audit.pins(lock)) == (audit.FOLDER / lock).read_text().count("==") - _markers(lock)


def _markers(lock: str) -> int:
    """`==` that compare something else than a version, after the semicolon."""
    found = [line.partition(";")[2] for line in (audit.FOLDER / lock).read_text().splitlines() if "==" in line]
    return sum(marker.count("==") for marker in found)


def test_an_advisory_is_read_and_fails_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flask = {"name": "flask", "version": "3.1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.1"]}]}
    answer = audit.read(json.dumps({"dependencies": [flask]}), "", 1)
    assert answer == Answer(["flask==3.1.0 PYSEC-1"], 0, answer.why)
    monkeypatch.setattr(audit, "ask", lambda lock: answer)
    assert audit.main() == 1
    assert "ADVISORY: runtime.txt: flask==3.1.0 PYSEC-1" in capsys.readouterr().out


def test_an_advisory_that_is_accepted_is_told_with_its_reason() -> None:
    found = Answer(["flask==3.1.0 PYSEC-1", "flask==3.1.0 PYSEC-2"], 0)
    assert lines(found, accepted={"PYSEC-1": "we never call it"}) == [
        "accepted: flask==3.1.0 PYSEC-1: we never call it",
        "ADVISORY: 0.txt: flask==3.1.0 PYSEC-2",
    ]


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        ("", ""),
        ("", "Traceback …\nConnectionError: no network\n"),
        ("{}", ""),
        (json.dumps({"dependencies": [{"name": "flask", "skip_reason": "not found"}]}), ""),
        (json.dumps({"dependencies": []}), "No known vulnerabilities found"),
    ],
)
def test_no_answer_is_no_clean_answer_and_fails_nothing(
    output: str, errors: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "ask", lambda lock: audit.read(output, errors, len(audit.pins(lock))))
    assert audit.main() == 0
    told = capsys.readouterr().out
    assert told.count("the dated list counts: requirements/audited.toml") == 2
    assert f"answers about 0 of {sum(len(audit.pins(lock)) for lock in audit.LOCKS)}" in told


def test_an_old_look_is_told_of_and_fails_nothing() -> None:
    old = LOOK._replace(on=TODAY - timedelta(days=audit.AGE_DAYS + 1))
    (told,) = lines(Answer([], 0), looks=[LOOK, old])
    assert told.startswith("NOTE: 1 packages were looked at 91 days ago")
