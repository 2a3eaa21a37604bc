"""Our texts as Aliyun registers them: a variable has a name (`${code}`) where ours has a number. Asking is `sender`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sms.aliyun.callback import instant
from sms.registration import RegisteredTemplate, Review
from sms.sender import printable
from sms.templates import SmsMessage

VARIABLES = ("code",)
"""By position: {1} of our texts is ${code}."""
_REVIEWS = {
    "AUDIT_STATE_INIT": Review.IN_REVIEW,
    "AUDIT_STATE_PASS": Review.APPROVED,
    "AUDIT_STATE_NOT_PASS": Review.REFUSED,
}
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def as_registered(message: SmsMessage) -> dict[str, str]:
    """The variables of a message by the vendor's names."""
    return {VARIABLES[position]: value for position, value in enumerate(message.variables)}


def registered_template(item: Mapping[str, Any]) -> RegisteredTemplate:
    """One item of SmsTemplateList."""
    reason = item.get("Reason")
    return RegisteredTemplate(
        template_id=str(item.get("TemplateCode") or ""),
        body=_VARIABLE.sub(_by_position, str(item.get("TemplateContent") or "")),
        review=_REVIEWS.get(str(item.get("AuditStatus")), Review.OTHER),
        reply=printable(str(reason.get("RejectInfo") or "")) if isinstance(reason, dict) else "",
        submitted_at=instant(item.get("CreateDate")),
    )


def _by_position(variable: re.Match[str]) -> str:
    return f"{{{VARIABLES.index(variable[1]) + 1}}}" if variable[1] in VARIABLES else variable[0]
