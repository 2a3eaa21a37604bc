"""Notices of the official account: the port, and the rules of their fields. The texts are in `templates`.

Source: developers.weixin.qq.com, "订阅通知" parameter rules: a field's key is its type and a number, e.g. `thing1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from wechat.errors import NoticeFault

LONGEST_THING = 20
_KEY = re.compile(r"([a-z_]+?)(\d+)")
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"\d{4}(-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|年\d{1,2}月\d{1,2}日)"
_HAN = "\u4e00-\u9fff"


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


RULES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "thing": (lambda value: 0 < len(value) <= LONGEST_THING, "1 to 20 characters"),
    "character_string": (_matches(r"[\x21-\x7e]{1,32}"), "1 to 32 letters, digits and signs, no Chinese"),
    "phrase": (_matches(rf"[{_HAN}]{{1,5}}"), "1 to 5 Chinese characters"),
    "name": (_matches(rf"[{_HAN}·]{{1,10}}|[A-Za-z .·]{{1,20}}"), "1 to 10 Chinese or 20 Latin letters"),
    "number": (_matches(r"\d{1,32}(\.\d+)?"), "a number of up to 32 digits"),
    "date": (_matches(rf"{_DAY}( {_CLOCK})?"), "a date, with or without time"),
    "time": (_matches(rf"({_DAY} )?{_CLOCK}"), "a time, with or without date"),
    "const": (lambda value: 0 < len(value) <= 20, "1 to 20 characters, as approved"),
}


class Source(StrEnum):
    """What a field tells: a name for the exam, when it was, and that it may be seen."""

    EXAM = "exam"
    TIME = "time"
    STATE = "state"


@dataclass(frozen=True)
class NoticeTemplate:
    """A registered notice. `fields`: key -> label that the patient sees, in order. `approved`: the values of each
    `const` field; WeChat refuses any other. `sources`: key -> what the field tells."""

    name: str
    title: str
    fields: Mapping[str, str]
    approved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)

    def filled(self, told: Mapping[Source, str], url: str) -> Notice:
        """The notice with these values; a name that is too long for a `thing` is cut. Raises NoticeFault."""
        values = {key: _fitting(key, told[source]) for key, source in self.sources.items()}
        return Notice(self, values, url)


@dataclass(frozen=True)
class Notice:
    """A template with its values. Raises NoticeFault when WeChat would refuse a value with 47003."""

    template: NoticeTemplate
    values: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False, default="")

    def __post_init__(self) -> None:
        if set(self.values) != set(self.template.fields):
            raise NoticeFault(self.template.name, "wrong set of fields")
        for key, value in self.values.items():
            if fault := field_fault(key, value):
                raise NoticeFault(key, fault)
            if key.startswith("const") and value not in self.template.approved.get(key, ()):
                raise NoticeFault(key, "must be an approved value")


def _fitting(key: str, text: str) -> str:
    return text[:LONGEST_THING] if key.startswith("thing") else text


def field_fault(key: str, value: str) -> str | None:
    """The rule that a field breaks, or None."""
    found = _KEY.fullmatch(key)
    if found is None or found[1] not in RULES:
        return "unknown type of field"
    holds, rule = RULES[found[1]]
    return None if holds(value) else f"must be {rule}"


@dataclass(frozen=True)
class Accepted:
    msgid: str


@dataclass(frozen=True)
class NoticeJob:
    """What WeChat pushed of a notice. `status`: success, or why it failed, e.g. `failed:user block`."""

    msgid: str
    openid: str = field(repr=False)
    status: str

    @property
    def delivered(self) -> bool:
        return self.status == "success"


class WechatNotifier(Protocol):
    def send(self, openid: str, notice: Notice, client_msg_id: str) -> Accepted:
        """Hand one notice to WeChat. Within ten minutes WeChat sends what has the same `client_msg_id` once. Raises
        WechatRefused, WechatRetryLater, WechatUnknown."""
