"""Hands notices over as template messages. The texts are in `templates`, the rules of their fields in `notices`.

Source: developers.weixin.qq.com, service/api/notify/template/api_sendtemplatemessage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wechat.account import OfficialAccount
from wechat.errors import WechatUnknown, error_of
from wechat.notices import Accepted, Notice

NO_ANSWER = 0


@dataclass(frozen=True)
class TemplateSender:
    """A WechatNotifier. `template_ids`: our name of a template -> its id in the account."""

    account: OfficialAccount
    template_ids: Mapping[str, str]

    def send(self, openid: str, notice: Notice, client_msg_id: str) -> Accepted:
        """A call without an answer is made once more at once: WeChat sends what has the same `client_msg_id` once."""
        template_id = self.template_ids.get(notice.template.name)
        if template_id is None:
            raise error_of(40037)
        body = {
            "touser": openid,
            "template_id": template_id,
            "url": notice.url,
            "client_msg_id": client_msg_id,
            "data": {key: {"value": value} for key, value in notice.values.items()},
        }
        try:
            return self._send(body)
        except WechatUnknown as error:
            if error.code != NO_ANSWER:
                raise
            return self._send(body)

    def _send(self, body: Mapping[str, Any]) -> Accepted:
        told = self.account.post("/cgi-bin/message/template/send", body)
        if not told.get("msgid"):
            raise WechatUnknown(NO_ANSWER, "not an answer of WeChat")
        return Accepted(str(told["msgid"]))
