"""How much time of children the stored headers of one study may take: many slow ones hold a thread like a few.

Here is the time alone. Who gets a child when, is in `turns`; what a header without an answer means, the asker knows.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from app.imaging.sandbox.turns import Account

BUDGET_S = 120.0
"""Six headers that use up the limit of one, as shipped."""
EARNED_S = 0.1
"""Each header adds so much: a hundred times what an ordinary one takes, so large studies are told as a whole."""
RENEWED_S = 600.0
"""Then a study gets a new budget: a header that had no turn is not lost for ever."""
MOST_STUDIES = 1000


@dataclass
class StudyBudgets:
    """Thread-safe."""

    monotonic: Callable[[], float] = time.monotonic
    _accounts: OrderedDict[str, tuple[float, Account]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, study_uid: str) -> Account:
        """The account to which one more header of this study is charged. Headers of no named study have one each."""
        if not study_uid:
            return Account()
        with self._lock:
            now = self.monotonic()
            began, account = self._accounts.pop(study_uid, (now, Account(BUDGET_S)))
            if now - began >= RENEWED_S:
                began, account = now, Account(BUDGET_S)
            account.budget_s += EARNED_S
            self._accounts[study_uid] = began, account
            if len(self._accounts) > MOST_STUDIES:
                self._accounts.popitem(last=False)
            return account
