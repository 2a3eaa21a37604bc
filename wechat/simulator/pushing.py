"""Pushes of the simulated WeChat: messages and events as signed XML, five seconds to answer, three tries.

Source: developers.weixin.qq.com, "接收普通消息", "接收事件推送", "消息加解密说明".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

from wechat.simulator import ciphers
from wechat.simulator.config import Callback
from wechat.simulator.state import Sent
from wechat.simulator.world import World

TRIES = 3
Fields = Mapping[str, "str | int | Sequence[Mapping[str, str]]"]
_CDATA_END = re.compile(r"\]\]>")


@dataclass(frozen=True)
class Push:
    """What is pushed: address with its signed query, headers, body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """`status` 0: no answer in time. `reply`: what came back, decrypted."""

    status: int
    reply: str


def message(world: World, openid: str, fields: Fields, *, age_s: float = 0) -> str:
    """The XML of a message or event from a user; `age_s`: how long ago it was written."""
    common: Fields = {
        "ToUserName": world.config.original_id,
        "FromUserName": openid,
        "CreateTime": int(world.now() - age_s),
    }
    return f"<xml>{''.join(_element(name, value) for name, value in {**common, **fields}.items())}</xml>"


def text_fields(world: World, text: str) -> Fields:
    with world.changing() as state:
        state.last_msgid += 1
        return {"MsgType": "text", "Content": text, "MsgId": state.last_msgid}


def event_fields(event: str, key: str = "", items: Sequence[Mapping[str, str]] = ()) -> Fields:
    """An event. `items`: of the subscription events, which hold one `List` for each."""
    fields: dict[str, str | int | Sequence[Mapping[str, str]]] = {"MsgType": "event", "Event": event}
    if items:
        words = "".join(word.capitalize() for word in event.split("_"))
        fields[words] = items
    elif key or event in ("subscribe", "CLICK", "VIEW", "SCAN"):
        fields["EventKey"] = key
    return fields


def finished_fields(sent: Sent) -> Fields:
    """What became of a template message."""
    event = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH"}
    return {**event, "MsgID": sent.msgid, "Status": sent.status}


def sent_fields(sent: Sent) -> Fields:
    """What became of a subscription notice."""
    has_failed = sent.status != "success"
    item = {
        "TemplateId": sent.template_id,
        "MsgID": str(sent.msgid),
        "ErrorCode": "1003" if has_failed else "0",
        "ErrorStatus": sent.status,
    }
    return event_fields("subscribe_msg_sent_event", items=[item])


def signed(world: World, xml: str, openid: str, *, age_s: float = 0, mode: str = "", relay: bool = False) -> Push:
    """One try: with a timestamp and a nonce of its own."""
    callback, config = world.config.callback, world.config
    mode = mode or callback.mode
    timestamp, nonce = str(int(world.now() - age_s)), str(secrets.randbelow(2**31))
    query = {"signature": ciphers.signature(callback.token, timestamp, nonce)}
    query |= {"timestamp": timestamp, "nonce": nonce, "openid": openid}
    body = xml
    if mode != "plain":
        cipher = ciphers.encrypted(xml, callback.aes_key, config.appid)
        query |= {"encrypt_type": "aes", "msg_signature": ciphers.signature(callback.token, timestamp, nonce, cipher)}
        sealed = f"<Encrypt><![CDATA[{cipher}]]></Encrypt>"
        to = f"<ToUserName><![CDATA[{config.original_id}]]></ToUserName>"
        body = xml.replace("</xml>", f"{sealed}</xml>") if mode == "compat" else f"<xml>{to}{sealed}</xml>"
    parts = urlsplit(callback.url)
    text = urlencode([*parse_qsl(parts.query), *query.items()])
    headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
    if relay or callback.relay_secret:
        headers |= _relayed(callback, str(int(world.now())), text, body.encode())
    return Push(parts._replace(query=text).geturl(), headers, body.encode())


def _relayed(callback: Callback, timestamp: str, query: str, body: bytes) -> dict[str, str]:
    made = ciphers.relay_signature(callback.relay_secret, timestamp, query, body)
    return {"X-Relay-Timestamp": timestamp, "X-Relay-Signature": made}


def deliver(world: World, made: Callable[[], Push]) -> Answered:
    """Up to three tries; a try that is not answered in time, or not with 200, is followed by the next."""
    answered = Answered(0, "")
    for _ in range(TRIES):
        answered = _post(world, made())
        if answered.status == 200:
            break
    return replace(answered, reply=_opened(world, answered.reply))


def push_due(world: World) -> int:
    """Say of each notice what became of it, once; returns how many were said. Without a callback they are delivered in
    silence."""
    with world.changing() as state:
        due = [each for each in state.notices if not each.pushed and each.tries < 1]
        for each in due:
            each.tries += 1
    for each in due:
        fields = finished_fields(each) if each.kind == "template" else sent_fields(each)
        with world.changing():
            each.became = "delivered" if each.status == "success" else "failed"
        if world.config.callback.url:
            answered = deliver(world, partial(signed, world, message(world, each.openid, fields), each.openid))
            with world.changing():
                each.pushed = answered.status == 200
    return len(due)


def _post(world: World, made: Push) -> Answered:
    parts = urlsplit(made.url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=world.config.callback.timeout_s)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}", made.body, dict(made.headers))
        answer = connection.getresponse()
        return Answered(answer.status, answer.read(65536).decode("utf-8", "replace"))
    except (OSError, HTTPException):
        return Answered(0, "")
    finally:
        connection.close()


def _opened(world: World, reply: str) -> str:
    """A reply as the user gets it; one that cannot be decrypted stays as it is."""
    found = re.search(r"<Encrypt>(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)", reply)
    if found is None:
        return reply
    try:
        return ciphers.decrypted(found[1], world.config.callback.aes_key, world.config.appid)
    except ValueError:
        return reply


def _element(name: str, value: str | int | Sequence[Mapping[str, str]]) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, str):
        return f"<{name}><![CDATA[{_CDATA_END.sub(']]]]><![CDATA[>', value)}]]></{name}>"
    items = "".join(
        f"<List>{''.join(f'<{key}>{escape(text)}</{key}>' for key, text in item.items())}</List>" for item in value
    )
    return f"<{name}>{items}</{name}>"
