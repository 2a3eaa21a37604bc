"""Fields of notices: what WeChat would refuse is found before sending."""

from __future__ import annotations

import pytest

from wechat.errors import NoticeFault
from wechat.notices import Notice, Source, field_fault
from wechat.templates import EXAM, KEYS, READY, SAID, TEMPLATES, notices_with

VALUES = {"thing1": EXAM, "time2": "2026年03月02日 08:30", "const3": READY}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("thing1", "字" * 20),
        ("character_string2", "A1-2026/" * 4),
        ("phrase3", "已可查看"),
        ("const3", "已可查看"),
        ("name5", "王小芳"),
        ("name5", "ZHANG San"),
        ("number6", "143"),
        ("date7", "2026-03-02"),
        ("date7", "2026年3月2日 08:30"),
        ("time8", "08:30"),
        ("time8", "2026年03月02日 08:30"),
        ("time8", "2026-03-02 08:30:59"),
    ],
)
def test_a_field_within_its_rule_passes(key: str, value: str) -> None:
    assert field_fault(key, value) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("thing1", "字" * 21),
        ("thing1", ""),
        ("character_string2", "x" * 33),
        ("character_string2", "检查号A1"),
        ("phrase3", "已经可以查看"),
        ("phrase3", "ready"),
        ("name5", "王" * 11),
        ("name5", "王小芳1"),
        ("number6", "一"),
        ("date7", "3月2日"),
        ("time8", "24:00"),
        ("time8", "2026-03-02T08:30:00Z"),
        ("first", "您好"),
        ("remark", "再见"),
        ("secret9", "x"),
    ],
)
def test_a_field_outside_its_rule_is_named(key: str, value: str) -> None:
    assert field_fault(key, value) is not None


@pytest.mark.parametrize("name", TEMPLATES)
def test_our_own_notices_can_be_filled(name: str) -> None:
    values = VALUES | {"const3": SAID.get(name, READY)}
    assert Notice(TEMPLATES[name], values).values == values


def test_a_faulty_notice_cannot_be_made_and_its_fault_quotes_nothing() -> None:
    with pytest.raises(NoticeFault, match="const3: must be an approved value") as caught:
        Notice(TEMPLATES["ready"], VALUES | {"const3": "已经可以查看了"})
    assert "已经" not in str(caught.value)
    with pytest.raises(NoticeFault, match="wrong set"):
        Notice(TEMPLATES["ready"], {"thing1": EXAM})


LONG_NAME = "磁共振平扫和增强扫描及三维重建检查项目一二三"
TOLD = {Source.EXAM: LONG_NAME, Source.TIME: "2026-03-02 08:30", Source.STATE: READY}


def test_a_notice_is_filled_by_what_its_fields_tell_and_a_long_name_is_cut() -> None:
    keys = {Source.EXAM: "thing4", Source.TIME: "date7", Source.STATE: "phrase2"}
    filled = notices_with(keys)["report_ready"].filled(TOLD, "https://film.test/s/x")
    assert filled.values == {"thing4": TOLD[Source.EXAM][:20], "date7": "2026-03-02 08:30", "phrase2": READY}
    assert len(TOLD[Source.EXAM]) > 20


@pytest.mark.parametrize(
    ("source", "key"),
    [(Source.EXAM, "number1"), (Source.TIME, "phrase2"), (Source.STATE, "time3"), (Source.TIME, "x1")],
)
def test_a_field_of_a_type_that_cannot_tell_it_is_found_at_the_start(source: Source, key: str) -> None:
    with pytest.raises(NoticeFault, match=key):
        notices_with({**KEYS, source: key})
