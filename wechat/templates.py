"""The WeChat notices that patients get, as registered in the official account's template library. No sending here."""

from __future__ import annotations

from collections.abc import Mapping

from wechat.notices import NoticeTemplate

_FIELDS = {"thing1": "检查项目", "time2": "检查时间", "phrase3": "状态", "thing4": "温馨提示"}
HINT = "点开后验证身份即可查看"

TEMPLATES: Mapping[str, NoticeTemplate] = {
    template.name: template
    for template in (
        NoticeTemplate("images_ready", "检查影像查看通知", _FIELDS),
        NoticeTemplate("ready", "检查影像和报告查看通知", _FIELDS),
        NoticeTemplate("report_ready", "检查报告查看通知", _FIELDS),
    )
}
READY = "已可查看"
EXAM = "影像检查"
"""The notice's name for every exam. Modality and body part would tell bystanders too much."""
