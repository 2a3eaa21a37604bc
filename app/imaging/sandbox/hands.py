"""Binds the hands of a child process: its memory, processor time, files, processes and system calls.

Which calls remain is in `cage`. What a child does before and after is in `child` and `header_child`.
"""

from __future__ import annotations

import resource

from app.imaging.sandbox import cage

LEAST_ROOM_BYTES = 32 * 1024 * 1024
_OWN_FILES = 3
"""What a child has open: its socket, and two outputs that lead nowhere."""


def bind_hands(memory_limit_bytes: int, *, open_files: int = 0) -> None:
    """Limit memory, files, processes and system calls of this process; this cannot be undone.

    `open_files`: how many files of its parent it may have open at a time. When the kernel offers no
    cage, only the limits apply; start-up logs a warning. Raises MemoryError when the limit is too low for any work:
    this must not look like a bad object later. Raises OSError when the kernel offers a cage and then refuses it: such a
    child must not work.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit_bytes, memory_limit_bytes))
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
    most = _OWN_FILES + open_files if open_files else 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    bytearray(LEAST_ROOM_BYTES)
    if cage.lacking() is None:
        cage.lock(reads_files=open_files > 0)


def limit_processor_time(seconds: int) -> None:
    """Limit the processor time from now on. It ends a child that works for too long, also after its parent is gone."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
