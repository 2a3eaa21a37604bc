"""What WeChat pushes: is it WeChat's, did it come before, and what the user is answered at once.

Everything works without any push. What became of notices is settled in services/notifications.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.clock import Clock
from app.database import Database
from app.errors import Forbidden, NotFound
from app.repos.wechat import pushes as repo
from app.security.codes import PICKUP_ALPHABET, PICKUP_LENGTH, Codes, normal_code
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action
from app.services.audit.subjects import NO_WECHAT_USER
from wechat.pushes import Endpoint, Push, PushRefused, Why, reply_to
from wechat.templates import FOLLOWED, REPLIES, Asked

SUCCESS = "success"
_PICKUP = re.compile(rf"[{PICKUP_ALPHABET}]{{{PICKUP_LENGTH}}}")


@dataclass(frozen=True, kw_only=True)
class Callback:
    """Decides whether a push is believed. `endpoint`: None where no pushes come. Raises NotFound, Forbidden."""

    db: Database
    clock: Clock
    codes: Codes
    refusals: CountedRefusals
    endpoint: Endpoint | None
    base_url: str

    def echo(self, query: Mapping[str, str], address: str) -> str:
        """The answer to WeChat's question whether we are there."""
        try:
            return self._endpoint().echo(query, self.clock.now())
        except PushRefused as refused:
            raise self._refused(refused.reason, address) from None

    def read(
        self, query: Mapping[str, str], raw_query: str, headers: Mapping[str, str], body: bytes, address: str
    ) -> Push:
        """A push that is WeChat's, in time, and did not come before. Raises Forbidden."""
        try:
            push = self._endpoint().read(query, raw_query, headers, body, self.clock.now())
        except PushRefused as refused:
            raise self._refused(refused.reason, address) from None
        with self.db.read() as session:
            is_known = repo.is_known(session, self._mark(push.marks[0]))
        if is_known:
            raise self._refused(Why.REPLAYED, address)
        return push

    def is_repeated(self, push: Push) -> bool:
        """WeChat sends a message again when it got no answer in time: under another signature."""
        with self.db.read() as session:
            return repo.is_known(session, self._mark(push.marks[1]))

    def done(self, push: Push) -> None:
        """After what follows from the push is durable: a push that failed may come again."""
        with self.db.session() as session:
            for mark in push.marks:
                repo.remember(session, self._mark(mark), self.clock.now())

    def reply(self, push: Push, nonce: str) -> str:
        """What is answered. It hangs on what was typed and looks nothing up."""
        asked = _asked(push)
        if asked is None:
            return SUCCESS
        text = REPLIES[asked].format(url=f"{self.base_url}/wx/enter?to={asked}")
        if push.event == "subscribe":
            text = FOLLOWED + text
        return self._endpoint().sealed(reply_to(push, text), nonce, self.clock.now())

    def _endpoint(self) -> Endpoint:
        if self.endpoint is None:
            raise NotFound
        return self.endpoint

    def _mark(self, mark: str) -> bytes:
        return self.codes.hash("wechat-push", mark)

    def _refused(self, reason: Why, address: str) -> Forbidden:
        """Anybody may call as often as they like: each refusal is counted, few are written down."""
        self.refusals.record(
            Action.WECHAT_CALLBACK_REFUSED, actor="unknown", subject=NO_WECHAT_USER, reason=reason, address=address
        )
        return Forbidden()


def _asked(push: Push) -> Asked | None:
    """A pick-up code is known by its shape: whether it exists is nobody's business here."""
    if push.event == "subscribe":
        return Asked.EXAMS
    if any(word in push.text for word in ("报告", "影像")):
        return Asked.EXAMS
    return Asked.PICKUP if _PICKUP.fullmatch(normal_code(push.text)) else None
