"""Every phrase of the machinery that the console shows has its Chinese words: found in the sources, listed nowhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from app.jobs.steps import JOBS
from app.services.audit.log import Action
from app.services.notifications.sending import CODE_EXPIRED, Sending
from sms.tencent.sender import CODES
from tests.places import ROOT
from wechat import errors as wechat_errors

CALLS_WITH_DETAIL = {"move": 3, "cancel": 2, "SmsRefused": 1, "SmsRetryLater": 1, "SmsUnknown": 1}
"""Name of a call, and the place of the phrase among its arguments."""


def words(name: str) -> Any:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True)
    return environment.get_template(f"staff/{name}.html").module


def phrases(call: str, place: int, *folders: str) -> Iterator[str]:
    """The literal texts given to every call of that name."""
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) <= place:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = node.args[place]
            if name == call and isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value:
                yield given.value


def test_why_an_object_was_refused() -> None:
    found = set(phrases("RefusedObject", 0, "app"))
    assert len(found) > 20
    assert found - set(words("machine_words").refusals) == set()
    assert str(words("machine_words").refusal("SOPInstanceUID is missing")) == "缺少 SOPInstanceUID"


def test_what_became_of_a_message() -> None:
    found = {meaning.reason for meaning in CODES.values()}
    found |= {reason for _, reason in wechat_errors._REASONS.values()}
    for call, place in CALLS_WITH_DETAIL.items():
        found |= set(phrases(call, place, "app/services", "sms"))
    found |= {
        text
        for text in Sending._pointless.__code__.co_consts
        if isinstance(text, str) and text.startswith(("its ", "the "))
    } | {CODE_EXPIRED}
    assert {"settled at the desk", "revoked at the desk", "its code expired", "no answer"} <= found
    assert found - set(words("machine_words").details) == set()


def test_what_a_job_does_and_what_the_audit_log_names() -> None:
    assert set(JOBS) - set(words("machine_words").jobs) == set()
    assert {str(action) for action in Action} - set(words("words").actions) == set()


@pytest.mark.parametrize("macro", ["detail", "refusal"])
def test_a_phrase_nobody_listed_is_named_as_other_with_itself_for_support(macro: str) -> None:
    assert str(getattr(words("machine_words"), macro)("brand new fault")) == "其他（代码 brand new fault）"


def test_a_carriers_chinese_words_are_shown_as_they_are() -> None:
    assert str(words("machine_words").detail("用户关机")) == "用户关机"
