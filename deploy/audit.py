"""Asks whether there are advisories against a locked package. Run as `python -m deploy.audit`; `make check` does.

`pip-audit` asks the package index. Where the index has no advisories, or cannot be reached, pip-audit skips packages
and still ends with "no known vulnerabilities": that is no answer here. Then the dated list requirements/audited.toml
counts: it says what was looked at, and when. tests/contracts/test_audit.py holds it equal to the lock. Whether a
package is used at all is held by tests/contracts/test_dependencies.py."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / "requirements"
LOCKS = ("runtime.txt", "test.txt")
AGE_DAYS = 90
"""Older looks are told of. They fail nothing: an old checkout stays as green as it was."""
PATIENCE_S = 180


class Look(NamedTuple):
    """What somebody looked at on one day. `packages` holds `name==version`."""

    on: date
    at: str
    packages: tuple[str, ...]


class Answer(NamedTuple):
    """Of pip-audit about one lock: advisories found, and how many packages nothing is known of (all: no answer)."""

    advisories: list[str]
    unknown: int
    why: str = ""


def locked() -> set[str]:
    """`name==version` of every package that both locks install."""
    return {pin for lock in LOCKS for pin in pins(lock)}


def pins(lock: str) -> list[str]:
    return re.findall(r"^([a-z0-9][\w.-]*==[^\s;\\]+)", (FOLDER / lock).read_text(), re.MULTILINE)


def audited() -> tuple[list[Look], dict[str, str]]:
    """The looks of requirements/audited.toml, and the advisories that are accepted: id -> reason."""
    table = tomllib.loads((FOLDER / "audited.toml").read_text())
    looks = [Look(look["on"], look["looked_at"], tuple(look["packages"])) for look in table["look"]]
    return looks, table.get("accepted", {})


def ask(lock: str) -> Answer:
    """Raises nothing: without an answer all packages are unknown."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(FOLDER / lock), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)  # noqa: S603 – our own interpreter
    except subprocess.TimeoutExpired:
        return Answer([], len(pins(lock)), f"no answer within {PATIENCE_S} s")
    return read(ran.stdout, ran.stderr, len(pins(lock)))


def read(output: str, errors: str, asked: int) -> Answer:
    """What pip-audit printed. A package that it leaves out or skips is unknown."""
    try:
        known = [found for found in json.loads(output)["dependencies"] if "skip_reason" not in found]
    except (ValueError, KeyError):
        return Answer([], asked, (errors.strip().splitlines() or ["it printed nothing"])[-1][:200])
    found = [f"{one['name']}=={one['version']} {advisory['id']}" for one in known for advisory in one["vulns"]]
    return Answer(found, max(asked - len(known), 0), "the index has no advisories for them")


def verdict(answers: dict[str, Answer], looks: list[Look], accepted: dict[str, str], today: date) -> Iterator[str]:
    """Lines for a human. One that begins with ADVISORY fails the audit."""
    for lock, answer in answers.items():
        for advisory in answer.advisories:
            reason = accepted.get(advisory.split()[-1])
            yield f"accepted: {advisory}: {reason}" if reason else f"ADVISORY: {lock}: {advisory}"
        if answer.unknown:
            yield f"NOTE: {lock}: no answer about {answer.unknown} packages: {answer.why}"
            yield "NOTE: for them the dated list counts: requirements/audited.toml"
    for look in looks:
        if (age := (today - look.on).days) > AGE_DAYS:
            yield f"NOTE: {len(look.packages)} packages were looked at {age} days ago: look again, and date it anew"


def main() -> int:
    looks, accepted = audited()
    answers = {lock: ask(lock) for lock in LOCKS}
    lines = list(verdict(answers, looks, accepted, datetime.now(UTC).date()))
    found = sum(line.startswith("ADVISORY") for line in lines)
    asked = sum(len(pins(lock)) for lock in LOCKS)
    known = asked - sum(answer.unknown for answer in answers.values())
    lines.append(f"audit: answers about {known} of {asked} locked packages, {found} advisories against them")
    sys.stdout.write("\n".join(lines) + "\n")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
