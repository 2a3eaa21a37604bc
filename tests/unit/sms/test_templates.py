"""Texts and their linter."""

from __future__ import annotations

import pytest

from sms.errors import InvalidMessage, TemplateFaults
from sms.templates import (
    CODE_LENGTH,
    REGISTERED,
    SINGLE_SEGMENT,
    TEMPLATES,
    SmsMessage,
    SmsTemplate,
    for_event,
    lint,
    segments,
)

SIGNATURE = "云影像医院"


def test_our_own_texts_pass_the_linter() -> None:
    lint(TEMPLATES.values(), SIGNATURE)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_text_fits_one_segment_even_with_the_longest_signature(name: str) -> None:
    template = TEMPLATES[name]
    message = SmsMessage(template, ("1" * CODE_LENGTH,) * template.variable_count, "十二个字的医院签名共十二")
    assert len(message.text) <= SINGLE_SEGMENT
    assert message.segments == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("您的报告【已出】", "【】"),
        ("报" * 495, "longer than 500"),
        ("报" * 490 + "{1}", "longer than 500"),
        ("{1}", "nothing but variables"),
        ("{1}。", "nothing but variables"),
        ("取片码{1}{2}已生成", "next to each other"),
        ("取片码{1} {2}已生成", "next to each other"),
        ("取片码{2}和{1}", "in order"),
        ("取片码{1}和{1}", "in order"),
        ("取片码{code}", "no variable"),
        ("请打开https://film.example.org查看", "link"),
        ("请打开film.example.org查看", "link"),
        ("请打开a.cn/x查看", "link"),
        ("请电02287654321咨询", "telephone"),
        ("医疗影像已可查看", "医疗"),
        ("关注公众号查看影像", "关注"),
        ("影像免费查看", "免费"),
    ],
)
def test_the_linter_refuses_what_a_carrier_would(body: str, fault: str) -> None:
    with pytest.raises(TemplateFaults, match=fault):
        lint([SmsTemplate("x", body)], SIGNATURE)


@pytest.mark.parametrize("signature", ["云", "十三个字的医院签名共十三个", "云影像!", "【云影像】", ""])
def test_the_linter_refuses_a_bad_signature(signature: str) -> None:
    with pytest.raises(TemplateFaults, match="2 to 12"):
        lint(TEMPLATES.values(), signature)


def test_the_linter_names_every_fault_at_once() -> None:
    with pytest.raises(TemplateFaults) as caught:
        lint([SmsTemplate("a", "医疗{1}{2}"), SmsTemplate("a", "见www.x.cn"), *many(200)], "x")
    assert len(caught.value.faults) == 6


def many(count: int) -> list[SmsTemplate]:
    return [SmsTemplate(f"t{number}", "影像已可查看") for number in range(count)]


def test_a_verification_text_has_exactly_one_variable() -> None:
    with pytest.raises(TemplateFaults, match="one variable"):
        lint([SmsTemplate("v", "验证码已发", is_verification=True)], SIGNATURE)


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("ready_t1", ()),
        ("ready_t0", ("K7M2QX",)),
        ("ready_t1", ("",)),
        ("ready_t1", ("K7M2QXY",)),
        ("ready_t1", ("a.cn",)),
        ("ready_t1", ("x/y",)),
        ("ready_t1", ("【x】",)),
        ("one_time_code", ("12345a",)),
        ("one_time_code", ("١٢٣٤٥٦",)),
    ],
)
def test_a_message_with_unfit_variables_cannot_be_made(name: str, variables: tuple[str, ...]) -> None:
    with pytest.raises(InvalidMessage):
        SmsMessage(TEMPLATES[name], variables, SIGNATURE)


def test_a_variable_shows_in_no_repr() -> None:
    assert "K7M2QX" not in repr(SmsMessage(TEMPLATES["ready_t1"], ("K7M2QX",), SIGNATURE))


@pytest.mark.parametrize(("length", "count"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_segments_are_counted_as_they_are_charged(length: int, count: int) -> None:
    assert segments("字" * length) == count


def test_the_family_chooses_the_text_of_an_event() -> None:
    assert for_event("images_ready", "T0") is TEMPLATES["images_ready_t0_2"]
    assert for_event("images_ready", "T1") is TEMPLATES["images_ready_t1"]
    assert for_event("one_time_code", "T0") is TEMPLATES["one_time_code"]
