"""Resident memory (VmRSS and its peak VmHWM in /proc) and processor time of a process and its children, as Linux counts
them. Starts and ends nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
RESET_PEAK = "5"
"""The text for clear_refs that sets the peak to the present resident memory (proc(5))."""


def family(pid: int) -> list[int]:
    """The process and all its descendants, parents first."""
    parents = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            stat = _read(folder / "stat")
            if stat:
                parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def is_decoder(pid: int) -> bool:
    """Whether the process is one of our decoding children (app/imaging/sandbox/process.py)."""
    return "sandbox.child" in _read(PROC / str(pid) / "cmdline")


def peak_mib(pid: int) -> float:
    """The peak in MiB; 0 for a process that is gone."""
    return _mib(pid, "VmHWM:")


def resident_mib(pid: int) -> float:
    """The resident memory now, in MiB; 0 for a process that is gone."""
    return _mib(pid, "VmRSS:")


def _mib(pid: int, field: str) -> float:
    for line in _read(PROC / str(pid) / "status").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def processor_s(pid: int) -> float:
    """Processor seconds of the process and its living descendants since they started."""
    ticks = 0
    for member in family(pid):
        _, _, after = _read(PROC / str(member) / "stat").rpartition(")")
        if fields := after.split():  # from the state on: fields 14 and 15 of proc(5) are utime and stime
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def proportional_mib(pid: int) -> float:
    """MiB it takes now; what several processes share counts in parts (Pss). 0 for a process that is gone."""
    for line in _read(PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def reset_peak(pid: int) -> None:
    with suppress(OSError):  # gone or not allowed: then the peak since its start counts, which is not smaller
        (PROC / str(pid) / "clear_refs").write_text(RESET_PEAK)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
