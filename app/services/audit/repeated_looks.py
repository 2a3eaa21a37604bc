"""Looks that one session repeats. The first have a line of the audit log each, and then few: so nobody fills the log by
loading a page again and again. What a session looks at for the first time always has its line.

They are counted in this process: another one, and this one after a restart, writes a few lines more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock

from app.services.audit.counted_refusals import is_due

EACH = 100
"""Of one session, exam and kind of look; then whenever their number has doubled. No person loads one page so often."""
MOST_COUNTED = 20_000


@dataclass(frozen=True)
class RepeatedLooks:
    """Decides which looks have a line. It raises nothing of its own."""

    _counts: OrderedDict[Hashable, int] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def is_due(self, look: Hashable) -> bool:
        """Count one look. `look`: the session, the exam, and what of it was looked at."""
        with self._lock:
            count = self._counts.pop(look, 0) + 1
            self._counts[look] = count
            if len(self._counts) > MOST_COUNTED:
                self._counts.popitem(last=False)
        return is_due(count, EACH)
