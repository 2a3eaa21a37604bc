"""The filter of the decoding children, run step by step for both architectures: it keeps the list and nothing else."""

from __future__ import annotations

import mmap
import platform
import resource
import struct

import pytest

from app.imaging.sandbox import cage

ALLOWED, REFUSED, KILLED = "allowed", "refused", "killed"
ANSWERS = {0x7FFF0000: ALLOWED, 0x00050001: REFUSED, 0x80000000: KILLED}
NUMBERS = [*range(1024), *(0x40000000 + number for number in range(1024)), 0xFFFFFFFF]
"""Of all calls there are, of those again with the mark of the x32 kind, and of none."""
MACHINES = sorted(cage.MACHINES)


def answer(
    machine: cage.Machine,
    number: int,
    arguments: tuple[int, ...] = (),
    mark: int | None = None,
    *,
    reads_files: bool = False,
) -> str:
    """What the kernel would find (linux/seccomp.h: number, architecture, instruction pointer, six arguments)."""
    wanted = (*arguments, *[0] * (6 - len(arguments)))
    call = struct.pack("<IIQ6Q", number, machine.mark if mark is None else mark, 0, *wanted)
    steps, at, loaded = cage.program(machine, reads_files=reads_files), 0, 0
    while True:
        code, when_true, when_false, value = steps[at]
        at += 1
        if code == 0x06:
            return ANSWERS[value]
        if code == 0x20:
            (loaded,) = struct.unpack_from("<I", call, value)
        else:
            found = loaded == value if code == 0x15 else loaded & value != 0
            at += when_true if found else when_false


@pytest.mark.parametrize("name", MACHINES)
def test_every_call_that_is_not_on_the_list_is_refused(name: str) -> None:
    machine = cage.MACHINES[name]
    allowed = {number for number in NUMBERS if answer(machine, number) == ALLOWED}
    assert allowed == set(machine.kept.values())
    assert all(answer(machine, number) == REFUSED for number in set(NUMBERS) - allowed)


@pytest.mark.parametrize("name", MACHINES)
def test_a_child_that_reads_files_may_take_read_and_close_them_and_no_more(name: str) -> None:
    machine = cage.MACHINES[name]
    allowed = {number for number in NUMBERS if answer(machine, number, reads_files=True) == ALLOWED}
    assert allowed == {*machine.kept.values(), *machine.reading.values()}
    assert set(machine.reading) == {"recvmsg", "read", "lseek"}


@pytest.mark.parametrize("name", MACHINES)
def test_a_call_of_another_architecture_ends_the_process(name: str) -> None:
    machine = cage.MACHINES[name]
    assert {answer(machine, number, mark=0x40000003) for number in NUMBERS} == {KILLED}


@pytest.mark.parametrize("call", ["mmap", "mprotect"])
@pytest.mark.parametrize("name", MACHINES)
def test_memory_is_never_made_executable(name: str, call: str) -> None:
    machine = cage.MACHINES[name]
    for bits, expected in ((mmap.PROT_READ | mmap.PROT_WRITE, ALLOWED), (mmap.PROT_READ | mmap.PROT_EXEC, REFUSED)):
        assert answer(machine, machine.kept[call], (0, 4096, bits)) == expected


@pytest.mark.parametrize("name", MACHINES)
def test_only_its_own_clock_is_limited_anew(name: str) -> None:
    machine = cage.MACHINES[name]
    number = machine.kept["prlimit64"]
    assert answer(machine, number, (0, resource.RLIMIT_CPU)) == ALLOWED
    assert answer(machine, number, (0, resource.RLIMIT_AS)) == REFUSED
    assert answer(machine, number, (1, resource.RLIMIT_CPU)) == REFUSED


def test_a_machine_without_a_list_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cage.lacking() is None
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert cage.lacking() == "this architecture has no list of system calls"
