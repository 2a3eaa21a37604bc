"""The simulated carrier's list of templates: DescribeSmsTemplateList. What may be sent is `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sms.simulator.rules import ApiError, CarrierAccount

MOST = 100
SUBMITTED_AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def describe(account: CarrierAccount, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer DescribeSmsTemplateList; ids that it does not know are left out. Raises ApiError."""
    if request.get("International") not in (0, 1):
        raise ApiError("InvalidParameterValue.InvalidInternational")
    ids = request.get("TemplateIdSet") or []
    if not all(isinstance(number, int) and number >= 0 for number in ids):
        raise ApiError("InvalidParameter")
    if len(ids) > MOST:
        raise ApiError("InvalidParameterValue.LimitVerifyFail")
    if request["International"] == 1:
        return {"DescribeTemplateStatusSet": []}
    return {
        "DescribeTemplateStatusSet": [item(account, str(number)) for number in ids if str(number) in account.templates]
    }


def item(account: CarrierAccount, template_id: str) -> dict[str, Any]:
    status, reply = account.reviews.get(template_id, (0, ""))
    template = account.templates[template_id]
    return {
        "TemplateId": int(template_id) if template_id.isdigit() else template_id,
        "International": 0,
        "StatusCode": status,
        "ReviewReply": reply,
        "TemplateName": template.name,
        "CreateTime": int(SUBMITTED_AT.timestamp()),
        "TemplateContent": template.body,
    }
