"""What a decoding child that was taken over would try; run as a program: `bound|reading|free` and a folder.


Bound, or bound as a child that reads headers, it binds its hands first and prints a line for each deed: name and
`refused`, or what happened instead. Free, each deed runs in a process of its own, which shows that it does what its
name says where nothing is bound.
"""
# Each deed is one system call, and named after it.
# ruff: noqa: PTH101, PTH102, PTH104, PTH106, PTH108, PTH115, PTH116, PTH208, PTH211

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from app.imaging.sandbox.hands import bind_hands

LIBC = ctypes.CDLL(None, use_errno=True)
FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else "/nonexistent")
MINE = FOLDER / "mine"
PAGE = mmap.mmap(-1, mmap.PAGESIZE)
PAIR = socket.socketpair()


def called(name: str, *arguments: object) -> None:
    """A function of the C library that answers -1 and an error number."""
    function = getattr(LIBC, name)
    function.restype = ctypes.c_long if name == "mmap" else ctypes.c_int
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def forked(make: Callable[[], int]) -> None:
    """The new process ends at once, before it can count as this one."""
    if (pid := make()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def in_a_thread() -> None:
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        raise PermissionError(errno.EPERM, "a thread") from None


def executable_page() -> None:
    called("mmap", None, ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC, 0x22, -1, ctypes.c_long(0))


def made_executable() -> None:
    start = ctypes.addressof(ctypes.c_char.from_buffer(PAGE))
    called("mprotect", ctypes.c_void_p(start), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC)


DEEDS: dict[str, Callable[[], object]] = {
    "unlink": lambda: os.unlink(MINE),
    "rename": lambda: os.rename(MINE, FOLDER / "yours"),
    "chmod": lambda: os.chmod(MINE, 0o777),
    "chown": lambda: os.chown(MINE, os.getuid(), os.getgid()),
    "truncate": lambda: os.truncate(MINE, 0),
    "utime": lambda: os.utime(MINE),
    "symlink": lambda: os.symlink(MINE, FOLDER / "link"),
    "link": lambda: os.link(MINE, FOLDER / "hard"),
    "mkdir": lambda: os.mkdir(FOLDER / "made"),
    "rmdir": lambda: os.rmdir(FOLDER / "empty"),
    "mkfifo": lambda: os.mkfifo(FOLDER / "pipe"),
    "open for reading": lambda: os.open(MINE, os.O_RDONLY),
    "open for writing": lambda: os.open(MINE, os.O_WRONLY),
    "create": lambda: os.open(FOLDER / "new", os.O_CREAT | os.O_WRONLY),
    "list a folder": lambda: os.listdir(FOLDER),
    "stat": lambda: os.stat(MINE),
    "access": lambda: called("access", os.fsencode(MINE), 0),
    "readlink": lambda: os.readlink("/proc/self/exe"),
    "chdir": lambda: os.chdir(FOLDER),
    "getcwd": os.getcwd,
    "fork": lambda: forked(os.fork),
    "clone": lambda: forked(lambda: int(LIBC.syscall(56 if os.uname().machine == "x86_64" else 220, 17, 0, 0, 0, 0))),
    "a thread": in_a_thread,
    "execve": lambda: os.execv("/bin/true", ["/bin/true"]),
    "kill the parent": lambda: os.kill(os.getppid(), 0),
    "kill itself": lambda: os.kill(os.getpid(), signal.SIGCHLD),
    "signal a thread": lambda: signal.pthread_kill(threading.get_ident(), signal.SIGCHLD),
    "catch a signal": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "ptrace": lambda: called("ptrace", 0, 0, 0, 0),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 1),
    "socket": lambda: socket.socket(socket.AF_INET),
    "socketpair": socket.socketpair,
    "connect": lambda: called("connect", PAIR[0].fileno(), b"\0" * 16, 0),
    "bind": lambda: called("bind", PAIR[0].fileno(), b"\1\0" + os.fsencode(FOLDER / "s"), 2),
    "sendmsg": lambda: PAIR[0].sendmsg([b"a"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\0\0\0\0")]),
    "pipe": os.pipe,
    "dup": lambda: os.dup(1),
    "ioctl": lambda: called("ioctl", PAIR[0].fileno(), 0x5421, ctypes.byref(ctypes.c_int(0))),
    "memfd": lambda: os.memfd_create("a"),
    "prctl": lambda: called("prctl", 15, b"renamed", 0, 0, 0),
    "setuid": lambda: os.setuid(os.getuid()),
    "other limits": lambda: called("prlimit", 0, resource.RLIMIT_AS, struct.pack("qq", 1 << 40, 1 << 40), None),
    "the parent's limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
    "an executable page": executable_page,
    "a page made executable": made_executable,
    "mount": lambda: called("mount", b"none", os.fsencode(FOLDER), b"tmpfs", 0, None),
    "unshare": lambda: called("unshare", 0x00020000),
    "chroot": lambda: os.chroot(FOLDER),
}
PRIVILEGED = {"mount", "unshare", "chroot"}
"""What only root may do anyway. `connect` and `bind` name no address: the attempt itself is what counts."""
NO_SENSE = {"connect", "bind"}


def tried(name: str) -> str:
    try:
        DEEDS[name]()
    except OSError as error:
        return "refused" if error.errno == errno.EPERM else errno.errorcode.get(error.errno or 0, "?")
    return "done"


def main() -> None:
    if sys.argv[1] != "free":
        bind_hands(2 << 30, open_files=2 if sys.argv[1] == "reading" else 0)
        for name in DEEDS:
            sys.stdout.write(f"{name}: {tried(name)}\n")
    else:
        for name in sorted(set(DEEDS) - PRIVILEGED - NO_SENSE):
            MINE.write_text("mine")
            if os.fork() == 0:
                os._exit(0 if tried(name) == "done" else 1)
            sys.stdout.write(f"{name}: {'done' if os.wait()[1] == 0 else 'failed'}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
