"""The WeChat notices that patients get, as registered with the account, and replies to what they write.

WeChat has no field for a free sentence: a `thing` is a name, and a `const` has values that were approved beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from wechat.notices import NoticeTemplate

READY = "已可查看"
EXAM = "影像检查"
"""The notice's name for every exam. Modality and body part would tell bystanders too much."""
_FIELDS = {"thing1": "检查项目", "time2": "检查时间", "const3": "状态"}
_APPROVED = {"const3": (READY,)}

TEMPLATES: Mapping[str, NoticeTemplate] = {
    template.name: template
    for template in (
        NoticeTemplate("images_ready", "检查影像查看通知", _FIELDS, _APPROVED),
        NoticeTemplate("ready", "检查影像和报告查看通知", _FIELDS, _APPROVED),
        NoticeTemplate("report_ready", "检查报告查看通知", _FIELDS, _APPROVED),
    )
}


SUBSCRIPTION = NoticeTemplate("subscribed", "检查结果通知", _FIELDS, _APPROVED)
"""To whoever asked to be told without following: a long-term subscription, which is open to medical services."""


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
