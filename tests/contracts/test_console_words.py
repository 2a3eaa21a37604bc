"""Every code and phrase of the machinery that the console shows has its Chinese words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from app.jobs.steps import JOBS
from app.models import CancelReason, ChannelName, EventDetail, FailureCode, NotificationKind, NotificationState
from app.services.audit.log import Action
from sms.tencent.sender import CODES, NO_CONNECTION, NO_TEMPLATE_ID
from tests.places import ROOT
from wechat import errors as wechat_errors


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
    ours = {*EventDetail, *CancelReason} - {EventDetail.QUEUED}  # the page says when, and leaves out that word
    carriers = {*CODES, NO_CONNECTION, NO_TEMPLATE_ID, *map(str, wechat_errors._REASONS)}
    assert (ours | carriers) - set(words("message_words").details) == set()
    assert set(FailureCode) - {FailureCode.WORKER_LOST} - set(words("message_words").failures) == set()


def test_what_a_message_is() -> None:
    for name, codes in (("channels", ChannelName), ("kinds", NotificationKind), ("states", NotificationState)):
        assert set(getattr(words("message_words"), name)) == set(codes)


def test_a_carriers_code_that_is_not_listed_reads_as_its_family() -> None:
    assert str(words("message_words").detail("LimitExceeded.BrandNew")) == "超过账号的限制"
    assert str(words("message_words").detail("BrandNew.Code", "unknown")) == "未知的结果"


def test_what_a_job_does_and_what_the_audit_log_names() -> None:
    assert set(JOBS) - set(words("machine_words").jobs) == set()
    assert {str(action) for action in Action} - set(words("words").actions) == set()


@pytest.mark.parametrize(("table", "macro"), [("message_words", "detail"), ("machine_words", "refusal")])
def test_a_phrase_nobody_listed_is_named_as_other_with_itself_for_support(table: str, macro: str) -> None:
    assert str(getattr(words(table), macro)("brand new fault")) == "其他（代码 brand new fault）"


def test_a_carriers_chinese_words_are_shown_as_they_are() -> None:
    assert str(words("message_words").detail("用户关机")) == "用户关机"
