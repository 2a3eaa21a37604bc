"""Prints the settings as `.env.example` (default) or as the table of docs/operating.md (`--table`)."""

from __future__ import annotations

import sys
from dataclasses import fields

from app.config import Settings, variable_of


def main() -> None:
    lines = []
    if "--table" in sys.argv:
        lines += ["| variable | default | meaning |", "|---|---|---|"]
    else:
        lines += ["# Every setting with its default. Copy to .env, change, and hand it to the process.", ""]
    for item in fields(Settings):
        name, default, meaning = variable_of(item), item.metadata["default"], item.metadata["meaning"]
        if "--table" in sys.argv:
            lines.append(f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |")
        else:
            lines += [f"# {meaning}", f"{name}={default}", ""]
    sys.stdout.write("\n".join(lines).rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
