"""The pass that `flask check-config` shows to the running application, and the PATH of its question.

A pass needs the key file, and is good for a minute. Without one PATH is 404. What the answer means is in
app/cli/front_door.py.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime

PATH = "/seen-address"
PASS_HEADER = "X-CloudFilm-Pass"  # noqa: S105 - a name
PASS_S = 60
"""In both directions: the clocks of two machines may differ."""


@dataclass(frozen=True)
class DoorPass:
    key: bytes = field(repr=False)

    def issue(self, now: datetime) -> str:
        return self._signed(str(int(now.timestamp())))

    def holds(self, text: str, now: datetime) -> bool:
        moment = text.partition(".")[0]
        if not re.fullmatch(r"[0-9]{1,12}", moment) or abs(now.timestamp() - int(moment)) > PASS_S:
            return False
        return hmac.compare_digest(text.encode(), self._signed(moment).encode())

    def _signed(self, moment: str) -> str:
        return f"{moment}.{hmac.new(self.key, moment.encode(), hashlib.sha256).hexdigest()}"
