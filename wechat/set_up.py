"""Walks through the set-up of a real account and says which step is wrong. The words are the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from wechat.account import OfficialAccount
from wechat.errors import CallError

SEND = "/cgi-bin/message/template/send"


class Step(StrEnum):
    TOKEN = "token"  # noqa: S105 - a step's name
    CALLBACK = "callback"
    QUOTA = "quota"
    TEMPLATES = "templates"


class Result(StrEnum):
    """What a step came to; `detail` of a finding says more."""

    GOOD = "good"
    SECRET = "secret"  # noqa: S105 - a result's name
    WHITE_LIST = "white_list"
    NOT_REACHED = "not_reached"
    PACKETS_LOST = "packets_lost"
    NO_CALLBACK = "no_callback"
    NEARLY_USED_UP = "nearly_used_up"
    TEMPLATE_MISSING = "template_missing"
    TEMPLATE_DIFFERS = "template_differs"
    REFUSED = "refused"


@dataclass(frozen=True)
class Finding:
    """`detail`: an address, a name of a template, a number; never a secret."""

    step: Step
    result: Result
    detail: str = ""

    @property
    def is_fault(self) -> bool:
        return self.result not in (Result.GOOD, Result.NO_CALLBACK)


def findings(account: OfficialAccount, templates: Mapping[str, tuple[str, Mapping[str, str]]]) -> Iterator[Finding]:
    """`templates`: our name -> (id in the account, fields by key). After a token that is not to be had nothing more is
    asked."""
    first = _asked(Step.TOKEN, lambda: _token(account))
    yield from first
    if any(finding.is_fault for finding in first):
        return
    yield from _asked(Step.CALLBACK, lambda: _callback(account))
    yield from _asked(Step.QUOTA, lambda: _quota(account))
    yield from _asked(Step.TEMPLATES, lambda: template_findings(account, templates))


def _asked(step: Step, ask: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return ask()
    except CallError as error:
        results = {40164: Result.WHITE_LIST, 40125: Result.SECRET, 40013: Result.SECRET, 0: Result.NOT_REACHED}
        if step == Step.CALLBACK and error.code == 40201:
            return [Finding(step, Result.NO_CALLBACK)]
        detail = error.address or " ".join(word for word in (str(error.code), error.rid) if word)
        return [Finding(step, results.get(error.code, Result.REFUSED), detail)]


def _token(account: OfficialAccount) -> list[Finding]:
    account.get("/cgi-bin/get_api_domain_ip")
    return [Finding(Step.TOKEN, Result.GOOD)]


def _callback(account: OfficialAccount) -> list[Finding]:
    told = account.post("/cgi-bin/callback/check", {"action": "all", "check_operator": "DEFAULT"})
    lost = [str(ping.get("ip", "")) for ping in told.get("ping", ()) if ping.get("package_loss") != "0%"]
    if lost:
        return [Finding(Step.CALLBACK, Result.PACKETS_LOST, address) for address in lost]
    return [Finding(Step.CALLBACK, Result.GOOD, ", ".join(str(each.get("ip", "")) for each in told.get("dns", ())))]


def _quota(account: OfficialAccount) -> list[Finding]:
    quota = account.post("/cgi-bin/openapi/quota/get", {"cgi_path": SEND}).get("quota", {})
    most, left = int(quota.get("daily_limit", 0)), int(quota.get("remain", 0))
    result = Result.NEARLY_USED_UP if left * 10 < most else Result.GOOD
    return [Finding(Step.QUOTA, result, f"{left}/{most}")]


def template_findings(account: OfficialAccount, ours: Mapping[str, tuple[str, Mapping[str, str]]]) -> list[Finding]:
    """What became of each of our templates in the account. Raises CallError."""
    told = account.get("/cgi-bin/template/get_all_private_template").get("template_list", ())
    contents = {str(each.get("template_id")): str(each.get("content", "")) for each in told}
    found = []
    for name, (template_id, fields) in ours.items():
        content = contents.get(template_id)
        if content is None:
            found.append(Finding(Step.TEMPLATES, Result.TEMPLATE_MISSING, name))
        elif any(f"{{{{{key}.DATA}}}}" not in content for key in fields):
            found.append(Finding(Step.TEMPLATES, Result.TEMPLATE_DIFFERS, name))
        else:
            found.append(Finding(Step.TEMPLATES, Result.GOOD, name))
    return found
