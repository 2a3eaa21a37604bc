"""Children that read headers and fail of certain objects: they stand for faults of the parser that nobody knows yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.bootstrap import Services
from app.dicom.part10 import HeaderLimits
from app.imaging.sandbox import started
from app.imaging.sandbox.children import Children
from app.imaging.sandbox.header_process import HeaderChild

MEMORY, TIME, CRASH = "MEMORY", "TIME", "CRASH"
"""The series descriptions of such objects."""
SECONDS, BYTES = 1, 1 << 30
_FRAGILE = """
import ctypes
from app.imaging.sandbox import header_child
examined = header_child.examined
def fragile(file, limits):
    found = examined(file, limits)
    if found.header.series_description == "MEMORY":
        bytearray(1 << 40)
    if found.header.series_description == "CRASH":
        ctypes.string_at(0)
    while found.header.series_description == "TIME":
        pass
    return found
header_child.examined = fragile
main()
"""


_STARTING = threading.Lock()


def fragile_child() -> HeaderChild:
    with _STARTING, pytest.MonkeyPatch.context() as patch:
        patch.setattr(started, "START", started.START.replace("main()\n", _FRAGILE))
        child = HeaderChild(BYTES, SECONDS, HeaderLimits())
    child.patience_s = 240  # a machine of tests may be very busy
    return child


@contextmanager
def fragile(services: Services, children: int = 2) -> Iterator[None]:
    """Such children, in place of those that the house has."""
    pool = services.ingest.reader
    kept, pool._children = pool._children, Children(children, 10_000, fragile_child)
    try:
        yield
    finally:
        pool._children.close()
        pool._children = kept
