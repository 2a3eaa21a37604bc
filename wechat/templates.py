"""The WeChat notices that patients get, as registered with the account, and replies to what they write.

WeChat has no field for a free sentence: a `thing` is a name, and a `const` has values that were approved beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from wechat.notices import NoticeTemplate, Source

READY = "已可查看"
SAID: Mapping[str, str] = {
    "relative_added": "已添加亲友",
    "share_opened": "分享被打开",
    "relative_amended": "报告有修订",
}
"""What the state says, by the name of a notice; READY in the others. Five characters: a `phrase` holds no more."""
EXAM = "影像检查"
"""The notice's name for every exam. Modality and body part would tell bystanders too much."""
LABELS: Mapping[Source, str] = {Source.EXAM: "检查项目", Source.TIME: "检查时间", Source.STATE: "状态"}
KEYS: Mapping[Source, str] = {Source.EXAM: "thing1", Source.TIME: "time2", Source.STATE: "const3"}
"""The usual ones. Which number a field has in an account, the library of templates decides."""
SUBSCRIBED = "subscribed"
"""To whoever asked to be told without following: a long-term subscription, which is open to medical services."""
TITLES: Mapping[str, str] = {
    "images_ready": "检查影像查看通知",
    "ready": "检查影像和报告查看通知",
    "report_ready": "检查报告查看通知",
    "relative_added": "亲友查看授权通知",
    "share_opened": "检查分享打开通知",
    "relative_amended": "亲友报告修订通知",
    SUBSCRIBED: "检查结果通知",
}


def notices_with(keys: Mapping[Source, str]) -> Mapping[str, NoticeTemplate]:
    """Every notice by its name, in an account whose templates have these keys. Raises NoticeFault when a field of such
    a type cannot tell what it should."""
    fields = {keys[source]: label for source, label in LABELS.items()}
    constants = [key for key in (keys[Source.STATE],) if key.startswith("const")]
    sources = {key: source for source, key in keys.items()}
    made = {}
    for name, title in TITLES.items():
        said = SAID.get(name, READY)
        made[name] = NoticeTemplate(name, title, fields, dict.fromkeys(constants, (said,)), sources)
        made[name].filled({Source.EXAM: EXAM, Source.TIME: "2026-03-02 08:30", Source.STATE: said}, "")
    return made


TEMPLATES = {name: template for name, template in notices_with(KEYS).items() if name != SUBSCRIBED}
"""Of followers, with the usual keys."""


class Asked(StrEnum):
    """What somebody who writes to us wants; a word of the menu's links."""

    EXAMS = "exams"
    PICKUP = "pickup"


FOLLOWED = "感谢关注。"
REPLIES: Mapping[Asked, str] = {
    Asked.EXAMS: '查看本人的检查影像和报告，请<a href="{url}">点这里</a>，验证身份后即可查看。',
    Asked.PICKUP: '您发来的像是取片码。为保护隐私，请<a href="{url}">点这里</a>填写取片码和身份证号后四位。',
}
"""Replies in the chat."""
