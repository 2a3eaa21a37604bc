"""The system calls that a child may make: a seccomp filter, built by hand for x86-64 and aarch64. Linux only.

The list holds the calls that decoding was seen to make: for its socket, memory, locks, clocks, and its own end. A child
that reads headers may also read files that its parent opened and passed on. Every other call fails with EPERM: opening
files, processes, signals, new sockets. A call of another architecture ends the process. `hands` sets the limits of
memory and time. Source of the layouts and constants: seccomp(2), linux/seccomp.h, linux/bpf_common.h.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import resource
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_NO_NEW_PRIVS, _SET_FILTER, _ALL_THREADS, _IS_AVAILABLE = 38, 1, 1, 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_STEP = struct.Struct("=HBBI")  # code, steps to skip when true, when false, value

Step = tuple[int, int, int, int]


@dataclass(frozen=True)
class Machine:
    """Numbers of one architecture: its mark in `seccomp_data`, the call that installs a filter, the calls that every
    child may make, and those that a child needs for reading files."""

    mark: int
    seccomp: int
    kept: Mapping[str, int]
    reading: Mapping[str, int]


_KEPT = {
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "write": (1, 64),
    "close": (3, 57),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "getrusage": (98, 165),
    "prlimit64": (302, 261),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "rt_sigreturn": (15, 139),
    "rt_sigprocmask": (14, 135),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
"""The allowed calls with their numbers on x86-64 and aarch64."""
_READING = {
    "recvmsg": (47, 212),
    "read": (0, 63),
    "lseek": (8, 62),
}
"""What a child needs to take an open file from its parent and to read it."""


def _numbers(calls: Mapping[str, tuple[int, int]], place: int) -> dict[str, int]:
    return {name: numbers[place] for name, numbers in calls.items()}


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(0xC000003E, 317, _numbers(_KEPT, 0), _numbers(_READING, 0)),
    "aarch64": Machine(0xC00000B7, 277, _numbers(_KEPT, 1), _numbers(_READING, 1)),
}


def lacking() -> str | None:
    """Why no child can be caged on this machine; None when children can be caged."""
    machine = MACHINES.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        return "this architecture has no list of system calls"
    refuse = ctypes.c_uint32(_REFUSE & 0xFFFF0000)
    if _libc().syscall(machine.seccomp, _IS_AVAILABLE, 0, ctypes.byref(refuse)) != 0:
        return "the kernel offers no seccomp filters"
    return None


def lock(*, reads_files: bool = False) -> None:
    """From now on this process can make only the allowed system calls; this cannot be undone. `reads_files`: it takes
    open files from its parent and reads them.

    Raises OSError when the kernel refuses. Ask `lacking` first whether the machine can cage a process.
    """
    machine = MACHINES[platform.machine()]
    steps = b"".join(_STEP.pack(*step) for step in program(machine, reads_files=reads_files))
    code = ctypes.create_string_buffer(steps, len(steps))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(steps) // _STEP.size, ctypes.addressof(code)))
    if _libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no new privileges")
    if (failed := _libc().syscall(machine.seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(head))) != 0:
        raise OSError(ctypes.get_errno() or failed, os.strerror(ctypes.get_errno()))


def program(machine: Machine, *, reads_files: bool = False) -> Sequence[Step]:
    """The filter as (code, skipped when true, skipped when false, value)."""
    steps: list[Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, machine.mark),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    calls = {**machine.kept, **machine.reading} if reads_files else machine.kept
    for name, number in calls.items():
        then = [*_conditions(name), (_RETURN, 0, 0, _ALLOW)]
        if len(then) > 1:
            then.append((_RETURN, 0, 0, _REFUSE))
        steps += [(_IF_EQUAL, 0, len(then), number), *then]
    return [*steps, (_RETURN, 0, 0, _REFUSE)]


def _conditions(name: str) -> Iterator[Step]:
    """Steps that check the arguments of an allowed call. The step after them allows it, the next step refuses it."""
    if name in ("mmap", "mprotect"):  # no memory of this process becomes executable
        yield from ((_LOAD, 0, 0, _argument(2)), (_IF_ANY_BIT, 1, 0, mmap.PROT_EXEC))
    if name == "prlimit64":  # only this process, only its limit of processor time
        yield from ((_LOAD, 0, 0, _argument(0)), (_IF_EQUAL, 0, 3, 0))
        yield from ((_LOAD, 0, 0, _argument(1)), (_IF_EQUAL, 0, 1, resource.RLIMIT_CPU))


def _argument(place: int) -> int:
    """Offset of the low half of an argument (both machines are little-endian)."""
    return _ARGUMENTS + 8 * place


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
