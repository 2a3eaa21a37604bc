"""Hands notices over, as template messages to followers and as subscription notices to whoever wants them.

The texts are in `templates`, the rules of their fields in `notices`. Source: developers.weixin.qq.com,
service/api/notify/template/api_sendtemplatemessage and service/api/notify/subscribe (bizsend).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wechat.account import OfficialAccount
from wechat.errors import WechatUnknown, error_of
from wechat.notices import Accepted, Notice
from wechat.templates import SUBSCRIBED

NO_ANSWER = 0


@dataclass(frozen=True)
class TemplateSender:
    """A WechatNotifier. `template_ids`: our name of a template -> its id in the account. `subscription_id`: of the
    long-term subscription; empty: there is none."""

    account: OfficialAccount
    template_ids: Mapping[str, str]
    subscription_id: str = ""

    def send(self, openid: str, notice: Notice, client_msg_id: str) -> Accepted:
        """A call without an answer is made once more at once: WeChat sends what has the same `client_msg_id` once. A
        subscription notice has no such id, and is handed over once."""
        if notice.template.name == SUBSCRIBED:
            return self._send_subscribed(openid, notice, client_msg_id)
        template_id = self.template_ids.get(notice.template.name)
        if template_id is None:
            raise error_of(40037)
        body = {
            "touser": openid,
            "template_id": template_id,
            "url": notice.url,
            "client_msg_id": client_msg_id,
            "data": _data(notice),
        }
        try:
            return self._send(body)
        except WechatUnknown as error:
            if error.code != NO_ANSWER:
                raise
            return self._send(body)

    def _send_subscribed(self, openid: str, notice: Notice, our_id: str) -> Accepted:
        if not self.subscription_id:
            raise error_of(40037)
        body = {
            "touser": openid,
            "template_id": self.subscription_id,
            "page": notice.url,
            "data": _data(notice),
        }
        told = self.account.post("/cgi-bin/message/subscribe/bizsend", body)
        return Accepted(str(told.get("msgid") or our_id))

    def _send(self, body: Mapping[str, Any]) -> Accepted:
        told = self.account.post("/cgi-bin/message/template/send", body)
        if not told.get("msgid"):
            raise WechatUnknown(NO_ANSWER, "not an answer of WeChat")
        return Accepted(str(told["msgid"]))


def _data(notice: Notice) -> dict[str, dict[str, str]]:
    return {key: {"value": value} for key, value in notice.values.items()}
