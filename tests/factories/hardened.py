"""Runs a program as the shipped units harden it, where systemd itself does not run: its list of system calls, loaded by
the library that systemd uses, and no memory that is written and run. Folders and capabilities are not played here.

`python -m tests.factories.hardened FILE PROGRAM…`: FILE holds the names of the calls.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

REFUSE = 0x00050000 | errno.EPERM
ALLOW = 0x7FFF0000
SET_MDWE, MDWE_REFUSE_EXEC_GAIN = 65, 1
UNKNOWN = -1


def setting(unit: str, name: str) -> str:
    """The value of a setting of a unit's text. Raises AssertionError when it has none."""
    found = re.search(rf"^{name}=(.*)$", unit, re.MULTILINE)
    assert found, name
    return found[1]


def allowed_calls(unit: str) -> list[str]:
    """The names of the system calls that a unit's SystemCallFilter lets through on this machine."""
    words = setting(unit, "SystemCallFilter").split()
    calls = list[str]()
    while words:
        word = words.pop()
        if word.startswith("@"):
            listed = subprocess.run(
                ["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True
            ).stdout
            words += [line.strip() for line in listed.splitlines()[1:] if line.strip() and "#" not in line]
        else:
            calls.append(word)
    return sorted(set(calls))


def command(unit: str, folder: Path, program: list[str]) -> list[str]:
    """The command that runs `program` hardened as `unit` says; it writes into the folder."""
    calls = folder / "calls.txt"
    calls.write_text("\n".join(allowed_calls(unit)))
    return [sys.executable, str(Path(__file__)), str(calls), *program]


def _harden(calls: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_MDWE, MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        sys.stderr.write("this kernel knows no MDWE: it is not played\n")
    library = ctypes.CDLL(find_library("seccomp"))
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(REFUSE))
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number != UNKNOWN:
            library.seccomp_rule_add(context, ALLOW, number, 0)
    assert library.seccomp_load(context) == 0


if __name__ == "__main__":
    _harden(Path(sys.argv[1]).read_text().split())
    os.execv(sys.argv[2], sys.argv[2:])
