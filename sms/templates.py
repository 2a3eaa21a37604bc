"""The texts that patients get by SMS, as registered with the carrier, and the checks that a registration makes.

Families: T0 has no variable and no link, T1 has a pick-up code, T3 a link. A registered text never changes: a new
wording is a new template with a new name. No text says how long a code is valid, because that is a setting. Sending is
in `sender`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sms.errors import InvalidMessage, TemplateFaults

LONGEST_TEXT = 500
MOST_TEMPLATES = 200
CODE_LENGTH = 6
"""The longest variable that a new account may use, and the longest verification code."""
SINGLE_SEGMENT, JOINED_SEGMENT = 70, 67

_VARIABLE = re.compile(r"\{(\d+)\}")
_SIGNATURE = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]{2,12}")
_LINK = re.compile(r"://|www\.|[A-Za-z0-9-]\.[A-Za-z]{2,}|[A-Za-z0-9]/[A-Za-z0-9]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,100}(?:/[A-Za-z0-9._~-]{1,64}){1,4}")
_NUMBER = re.compile(r"\d{7,}")
_REFUSED_WORDS = (
    "医疗",
    "整形",
    "美容",
    "减肥",
    "优惠",
    "促销",
    "免费",
    "特价",
    "打折",
    "折扣",
    "抽奖",
    "中奖",
    "红包",
    "赠送",
    "奖品",
    "秒杀",
    "团购",
    "会员",
    "积分",
    "活动",
    "推荐",
    "关注",
    "点击",
    "下载",
    "注册",
    "加微信",
    "退订",
    "贷款",
    "投资",
)


@dataclass(frozen=True)
class SmsTemplate:
    """`body` has no signature; its variables are {1}, {2}, …. `is_verification`: the one variable has only digits."""

    name: str
    body: str
    is_verification: bool = False
    has_link: bool = False
    """Its one variable is an address. No public carrier takes that; a hospital's own gateway may."""

    @property
    def variable_count(self) -> int:
        return len(_VARIABLE.findall(self.body))


@dataclass(frozen=True)
class SmsMessage:
    """A template with its variables filled in. Raises InvalidMessage when they do not fit."""

    template: SmsTemplate
    variables: tuple[str, ...] = field(repr=False)
    signature: str

    def __post_init__(self) -> None:
        if fault := variable_fault(self.template, self.variables):
            raise InvalidMessage(f"{self.template.name}: {fault}")

    @property
    def text(self) -> str:
        """The text that the phone shows."""
        return f"【{self.signature}】" + _VARIABLE.sub(lambda v: self.variables[int(v[1]) - 1], self.template.body)

    @property
    def segments(self) -> int:
        """The number of messages that the carrier charges: one of up to 70 characters, or several of up to 67 each."""
        return segments(self.text)


def segments(text: str) -> int:
    return 1 if len(text) <= SINGLE_SEGMENT else math.ceil(len(text) / JOINED_SEGMENT)


def contains_link(text: str) -> bool:
    """Whether a text contains anything that looks like a link: carriers also block a domain without a scheme."""
    return _LINK.search(text) is not None


def variable_fault(template: SmsTemplate, variables: tuple[str, ...]) -> str | None:
    """Why a carrier would refuse these variables, or None. The answer never quotes a variable."""
    if len(variables) != template.variable_count:
        return "wrong number of variables"
    if template.has_link:
        return None if _ADDRESS.fullmatch(variables[0]) else "the variable is no address"
    if any(not 0 < len(value) <= CODE_LENGTH for value in variables):
        return f"a variable must have 1 to {CODE_LENGTH} characters"
    if any(contains_link(value) or set(value) & set("【】{}") for value in variables):
        return "a variable holds a link or a bracket"
    if template.is_verification and not all(value.isascii() and value.isdigit() for value in variables):
        return "a verification code has digits only"
    return None


TEMPLATES: Mapping[str, SmsTemplate] = {
    template.name: template
    for template in (
        SmsTemplate("images_ready_t0", "您的检查影像已可查看。请用微信扫报告单上的二维码查看，也可到本院服务台查询。"),
        SmsTemplate("ready_t0", "您的检查影像和报告已可查看。请用微信扫报告单上的二维码查看，也可到本院服务台查询。"),
        SmsTemplate("report_ready_t0", "您的检查报告已可查看。请用微信扫报告单上的二维码查看，也可到本院服务台查询。"),
        SmsTemplate(
            "images_ready_t0_2",
            "您的检查影像已可查看。请扫报告单上的二维码，或在本院影像查询页用本手机号查看，也可到本院服务台查询。",
        ),
        SmsTemplate(
            "ready_t0_2",
            "您的检查影像和报告已可查看。请扫报告单上的二维码，或在本院影像查询页用本手机号查看，也可到服务台查询。",
        ),
        SmsTemplate(
            "report_ready_t0_2",
            "您的检查报告已可查看。请扫报告单上的二维码，或在本院影像查询页用本手机号查看，也可到本院服务台查询。",
        ),
        SmsTemplate(
            "images_ready_t1",
            "您的检查影像已可查看，取片码{1}。请扫报告单上的二维码，或在本院公众号“影像查询”中输入取片码。",
        ),
        SmsTemplate(
            "ready_t1",
            "您的检查影像和报告已可查看，取片码{1}。请扫报告单上的二维码，或在本院公众号“影像查询”中输入取片码。",
        ),
        SmsTemplate(
            "report_ready_t1",
            "您的检查报告已可查看，取片码{1}。请扫报告单上的二维码，或在本院公众号“影像查询”中输入取片码。",
        ),
        SmsTemplate("images_ready_t3", "您的检查影像已可查看：{1} 打开后请填写身份证号后四位。", has_link=True),
        SmsTemplate("ready_t3", "您的检查影像和报告已可查看：{1} 打开后请填写身份证号后四位。", has_link=True),
        SmsTemplate("report_ready_t3", "您的检查报告已可查看：{1} 打开后请填写身份证号后四位。", has_link=True),
        SmsTemplate(
            "one_time_code",
            "您的验证码是{1}，用于查看检查影像和报告。请尽快填写，不要告诉他人。",
            is_verification=True,
        ),
        SmsTemplate(
            "family_code",
            "亲友申请查看您的检查影像和报告，验证码是{1}。您同意才告诉这位亲友；不认识的请不要理会。",
            is_verification=True,
        ),
        SmsTemplate(
            "relative_added",
            "已有亲友可以查看您的检查影像和报告。如果不是您同意的，请在本院影像查询页移除，或到服务台办理。",
        ),
        SmsTemplate(
            "share_opened",
            "您分享的检查影像已有人打开。如果不是您给的，请在本院影像查询页停止分享，或到本院服务台办理。",
        ),
        SmsTemplate(
            "relative_amended",
            "您看过的亲友检查报告，医生作了修订，以前的版本已被替代。请在本院影像查询页再看一次，也可到本院服务台查询。",
        ),
    )
}


REGISTERED = {name: template for name, template in TEMPLATES.items() if not template.has_link}
"""Those that public carriers register."""

EVERY_FAMILY = ("one_time_code", "family_code", "relative_added", "share_opened", "relative_amended")
"""Texts that are the same in each family: a code to type, or no variable at all."""
_ENDINGS = {"T0": "_t0_2", "T1": "_t1", "T3": "_t3"}
"""Of the names in use. Texts of former names (`_t0`: before there was a phone door) may wait in an outbox."""


def for_event(event: str, family: str) -> SmsTemplate:
    """The template of an event (one of EVERY_FAMILY, or images_ready, ready, report_ready) in a family (T0, T1, T3)."""
    return TEMPLATES[event] if event in TEMPLATES else TEMPLATES[event + _ENDINGS[family]]


def names_of_family(family: str) -> list[str]:
    """Every template that an application of this family sends."""
    return [name for name in TEMPLATES if name.endswith(_ENDINGS[family]) or name in EVERY_FAMILY]


def lint(templates: Iterable[SmsTemplate], signature: str) -> None:
    """Raises TemplateFaults with every fault for which a carrier would refuse to register the texts."""
    listed = list(templates)
    faults = [] if _SIGNATURE.fullmatch(signature) else ["the signature must be 2 to 12 Chinese or English characters"]
    if len(listed) > MOST_TEMPLATES:
        faults.append(f"more than {MOST_TEMPLATES} templates")
    if len({template.name for template in listed}) != len(listed):
        faults.append("two templates of one name")
    for template in listed:
        faults += [f"{template.name}: {fault}" for fault in _faults_of(template, signature)]
    if faults:
        raise TemplateFaults(faults)


def _faults_of(template: SmsTemplate, signature: str) -> list[str]:
    body = template.body
    constant = _VARIABLE.sub("", body)
    longest = len(f"【{signature}】{constant}") + CODE_LENGTH * template.variable_count
    rules = {
        "【】 in the body": bool(set(body) & set("【】")),
        f"longer than {LONGEST_TEXT} characters": longest > LONGEST_TEXT,
        "nothing but variables": not constant.strip("，。：；！、 .,:;!"),
        "variables next to each other": re.search(r"\}\s*\{", body) is not None,
        "variables are not {1}, {2}, … in order": [int(number) for number in _VARIABLE.findall(body)]
        != list(range(1, template.variable_count + 1)),
        "a bracket that is no variable": bool(set(constant) & set("{}")),
        "a link or domain": contains_link(constant),
        "a telephone number": _NUMBER.search(constant) is not None,
        "a verification text has one variable": template.is_verification and template.variable_count != 1,
    }
    found = [fault for fault, broken in rules.items() if broken]
    return found + [f"refused word {word}" for word in _REFUSED_WORDS if word in body]
