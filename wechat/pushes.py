"""Pushes of WeChat: messages and events, checked, decrypted and read. What follows from one is decided elsewhere.

Signatures are compared here, because wechatpy compares with `!=` and knows no time. Of an encrypted push only what was
encrypted is read: in compat mode the rest is anybody's. Source: developers.weixin.qq.com, "消息加解密说明".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.events import BaseEvent, register_event
from wechatpy.parser import parse_message
from wechatpy.replies import TextReply

from wechat.errors import WechatError
from wechat.notices import NoticeJob

WINDOW = timedelta(minutes=10)
"""A push that is older, or from the future, is not WeChat's own."""
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")


class Mode(StrEnum):
    """As the setting has them; in relay mode another system forwards the pushes and signs them itself."""

    PLAIN = "plain"
    COMPAT = "compat"
    SAFE = "safe"
    RELAY = "relay"


class Why(StrEnum):
    """Why a push is refused, for the audit log."""

    SIGNATURE = "signature"
    TIME = "time"
    PLAIN = "plain"
    UNREADABLE = "unreadable"
    REPLAYED = "replayed"


class PushRefused(WechatError):
    def __init__(self, reason: Why) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True)
class Answered:
    """What a user answered when WeChat asked whether notices of a template are wanted."""

    template_id: str
    accepts: bool


@dataclass(frozen=True)
class Push:
    """What a user wrote or did. `event` is in lower case; `text` of a message; `message`: wechatpy's, for a reply.

    `marks`: what names this push and, where WeChat sends it again, the message in it.
    """

    openid: str = field(repr=False)
    event: str
    text: str = field(repr=False)
    message: Any = field(repr=False)
    marks: tuple[str, str] = field(repr=False)

    @property
    def jobs(self) -> list[NoticeJob]:
        """What became of notices, when the push tells it."""
        if self.event == "templatesendjobfinish":
            told = self.message._data  # wechatpy makes a number of the id, and fails where anybody wrote another word
            return [NoticeJob(str(told.get("MsgID") or ""), self.openid, str(told.get("Status") or ""))]
        if self.event != "subscribe_msg_sent_event":
            return []
        told = [each for each in self.items if each.get("MsgID")]
        return [NoticeJob(str(each["MsgID"]), self.openid, _status(each)) for each in told]

    @property
    def answers(self) -> list[Answered]:
        """What the user answered in the window of a subscription, or changed later."""
        if self.event not in ("subscribe_msg_popup_event", "subscribe_msg_change_event"):
            return []
        return [
            Answered(str(each.get("TemplateId", "")), each.get("SubscribeStatusString") == "accept")
            for each in self.items
        ]

    @property
    def items(self) -> list[Mapping[str, str]]:
        """The items of a subscription event, which is one object for one and a list for more."""
        held = self.message._data
        for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent"):
            held = held.get(name) or held
        found = held.get("List") if isinstance(held, Mapping) else None
        return [found] if isinstance(found, Mapping) else [each for each in found or [] if isinstance(each, Mapping)]


def _status(item: Mapping[str, str]) -> str:
    return "success" if str(item.get("ErrorCode", "")) == "0" else f"failed:{item.get('ErrorStatus') or 'unknown'}"


def _subscription_event(name: str) -> None:
    """wechatpy knows none of them, and would lose their names."""
    register_event(name)(type(BaseEvent)(name, (BaseEvent,), {"event": name}))


for _name in ("subscribe_msg_popup_event", "subscribe_msg_change_event", "subscribe_msg_sent_event"):
    _subscription_event(_name)


@dataclass(frozen=True)
class Endpoint:
    """How pushes reach us. `aes_key`: EncodingAESKey, or empty."""

    mode: Mode
    appid: str
    token: str = field(repr=False)
    aes_key: str = field(default="", repr=False)
    relay_secret: str = field(default="", repr=False)

    def echo(self, query: Mapping[str, str], now: datetime) -> str:
        """The answer to WeChat's question whether we are there. Raises PushRefused."""
        self._check(query, query.get("signature", ""), now)
        return query.get("echostr", "")

    def read(
        self, query: Mapping[str, str], raw_query: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Push:
        """Raises PushRefused, whatever is wrong, and nothing else."""
        text = body.decode("utf-8", "replace")
        sealed = _sealed_in(text)
        if self.mode == Mode.RELAY:
            self._check_relay(raw_query, headers, body, now)
        if sealed is not None and self.aes_key:
            self._check(query, query.get("msg_signature", ""), now, sealed)
            text = self._opened(sealed)
        elif self.mode in (Mode.COMPAT, Mode.SAFE):
            raise PushRefused(Why.PLAIN)
        elif self.mode == Mode.PLAIN:
            self._check(query, query.get("signature", ""), now)
        return _push(text, query)

    def sealed(self, reply: str, nonce: str, now: datetime) -> str:
        """A reply as this mode sends it."""
        if self.mode not in (Mode.COMPAT, Mode.SAFE):
            return reply
        crypto = WeChatCrypto(self.token, self.aes_key, self.appid)
        return str(crypto.encrypt_message(reply, nonce, str(int(now.timestamp()))))

    def _check(self, query: Mapping[str, str], given: str, now: datetime, *more: str) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        words = sorted((self.token, timestamp, nonce, *more))
        made = hashlib.sha1("".join(words).encode()).hexdigest()  # noqa: S324 - the vendor's algorithm
        if not self.token or not hmac.compare_digest(made.encode(), given.encode()):
            raise PushRefused(Why.SIGNATURE)
        _check_time(timestamp, now)

    def _check_relay(self, raw_query: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        timestamp = headers.get("X-Relay-Timestamp", "")
        signed = f"{timestamp}\n{raw_query}\n".encode() + body
        made = hmac.new(self.relay_secret.encode(), signed, hashlib.sha256).hexdigest()
        if not self.relay_secret or not hmac.compare_digest(made, headers.get("X-Relay-Signature", "").lower()):
            raise PushRefused(Why.SIGNATURE)
        _check_time(timestamp, now)

    def _opened(self, sealed: str) -> str:
        try:
            return str(PrpCrypto(base64.b64decode(self.aes_key + "=")).decrypt(sealed, self.appid))
        except Exception:  # wechatpy lets every kind of error through
            raise PushRefused(Why.UNREADABLE) from None


def _sealed_in(text: str) -> str | None:
    """What the element Encrypt holds. Anybody writes the text, so it is found in one go: an expression that may begin
    and end anywhere among spaces takes the third power of their number."""
    held = text.partition("<Encrypt>")[2].partition("</Encrypt>")[0].strip()
    held = held.removeprefix("<![CDATA[").removesuffix("]]>").strip()
    return held if _BASE64.fullmatch(held) else None


def reply_to(push: Push, text: str) -> str:
    """The XML of a text that the user gets at once."""
    return str(TextReply(message=push.message, content=text).render())


def _check_time(timestamp: str, now: datetime) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise PushRefused(Why.TIME)


def _push(text: str, query: Mapping[str, str]) -> Push:
    try:
        message = parse_message(text)
        data = message._data
        openid, event = str(data["FromUserName"]), str(data.get("Event") or "").lower()
        is_text = str(data["MsgType"]).lower() == "text"
        content = str(data.get("Content") or "") if is_text else ""
        number = data.get("MsgId") or f"{data['CreateTime']}:{event}:{data.get('MsgID', '')}"
    except Exception:  # an XML parser and a library: anything may come out of what anybody wrote
        raise PushRefused(Why.UNREADABLE) from None
    sent = ":".join(query.get(name, "") for name in ("timestamp", "nonce", "signature", "msg_signature"))
    return Push(openid, event, content, message, (f"push:{sent}", f"message:{openid}:{number}"))
