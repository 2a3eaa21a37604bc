"""How many calls of functions a piece of work takes: what a clock would show on a machine without any noise."""

from __future__ import annotations

import sys
from types import FrameType

from tests.factories.paired_times import Prepare


def calls(prepare: Prepare) -> int:
    """Of Python and of C, in this thread."""
    counted, work = 0, prepare()

    def count(_frame: FrameType, what: str, _of: object) -> None:
        nonlocal counted
        counted += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted
