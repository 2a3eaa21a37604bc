"""Comparing a header's patient with the registered one."""

from __future__ import annotations

import pytest

from app.dicom.header_fields import HeaderIdentity
from app.identity.matching import RegisteredIdentity, differences
from app.identity.names import family_name, search_tokens

REGISTERED = RegisteredIdentity("P1", "吕秀英", "F", "1956-03-12")


def header(**changes: object) -> HeaderIdentity:
    values: dict[str, object] = {"patient_id": "P1", "names": ("吕^秀英",), "sex": "F", "birth_date": "19560312"}
    return HeaderIdentity(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "names", [("吕^秀英",), ("Lv^Xiuying", "吕^秀英"), ("吕秀英",), ("LV^XIUYING",), ("lv xiu ying",), ("X", "吕 秀英")]
)
def test_the_same_person_is_recognised(names: tuple[str, ...]) -> None:
    assert differences(header(names=names), REGISTERED) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patient_id": "P2"}, "patient_id"),
        ({"names": ("吕^秀莹",)}, "name"),
        ({"names": ("Lv^Xiuying", "王^秀英")}, "name"),
        ({"names": ("Wang^Xiuying",)}, "name"),
        ({"names": ()}, "name"),
        ({"sex": "M"}, "sex"),
        ({"sex": ""}, "sex"),
        ({"birth_date": "19560313"}, "birth_date"),
        ({"birth_date": ""}, "birth_date"),
    ],
)
def test_any_difference_is_named(changes: dict[str, object], field: str) -> None:
    assert differences(header(**changes), REGISTERED) == [field]


def test_in_the_demo_empty_fields_match_but_others_and_the_id_do_not() -> None:
    empty = header(names=(), sex="", birth_date="")
    assert differences(empty, REGISTERED, empty_matches=True) == []
    assert differences(header(sex="M"), REGISTERED, empty_matches=True) == ["sex"]
    assert differences(header(patient_id=""), REGISTERED, empty_matches=True) == ["patient_id"]


def test_a_compound_family_name_is_kept_whole() -> None:
    assert family_name("欧阳娜") == "欧阳"
    assert family_name("李娜") == "李"
    assert family_name("Smith^John") == "SMITH"


def test_a_name_is_found_by_family_name_and_pinyin_only() -> None:
    tokens = search_tokens("李娜")
    assert {"李", "李娜", "LINA", "LI"} <= tokens
    assert "娜" not in tokens


@pytest.mark.parametrize("dot", "·•・･‧∙⋅．.")
@pytest.mark.parametrize("hidden", ["", "\u200b", "\ufeff", "\u202a"])
def test_the_dot_inside_a_name_may_be_any_dot_and_what_nobody_sees_counts_for_nothing(dot: str, hidden: str) -> None:
    registered = RegisteredIdentity("P1", "阿依古丽·买买提", "F", "1956-03-12")
    assert differences(header(names=(f"阿依古丽{dot}{hidden}买买提",)), registered) == []
    assert differences(header(names=(f"阿依古丽{dot}买买",)), registered) == ["name"]
