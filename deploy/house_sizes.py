"""Prints how large the house is: its longest functions and the rooms of `app/services`. `tests/contracts/test_sizes.py`
holds the bounds. Run as `python -m deploy.house_sizes`."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("app", "sms", "wechat", "bench", "deploy", "tests")
SHOWN = 10


class Function(NamedTuple):
    """Sorts by length. `lines` count from `def` to the last one, without decorators."""

    lines: int
    place: str
    name: str


def sources() -> Iterator[Path]:
    """Every Python file of the project but the steps of migrations."""
    yield ROOT / "wsgi.py"
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions() -> Iterator[Function]:
    """Every function and method, those inside of others too."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(lines, f"{path.relative_to(ROOT)}:{node.lineno}", node.name)


def lines_of_rooms() -> Counter[str]:
    """Lines of each room of `app/services`, of modules at its root by their own name."""
    rooms: Counter[str] = Counter()
    services = ROOT / "app" / "services"
    for path in services.rglob("*.py"):
        rooms[path.relative_to(services).parts[0]] += len(path.read_text().splitlines())
    return rooms


def main() -> None:
    rooms = lines_of_rooms()
    text = ["longest functions"]
    text += [f"{lines:6} {name}  {place}" for lines, place, name in sorted(functions(), reverse=True)[:SHOWN]]
    text += [f"rooms of app/services, {rooms.total()} lines"]
    text += [f"{lines:6} {lines / rooms.total():6.1%} {room}" for room, lines in rooms.most_common()]
    sys.stdout.write("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
