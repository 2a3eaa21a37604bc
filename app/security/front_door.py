"""The pass that `flask check-config` sends to the running application, and the PATH that it asks.

Only the key file can make a pass, and a pass is valid for a minute. Without a valid pass, PATH answers 404.
app/cli/front_door.py explains the answer.
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
"""A pass is valid for so long before and after its time, because the clocks of two machines may differ."""


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
