"""Names in letters beside names in Chinese characters: what is the same person, and what stays another one."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dicom.header_fields import HeaderIdentity
from app.dicom.person_names import decode_person_name
from app.identity.letters import MOST_WORDS, folded, spellings_of, ways_to_write
from app.identity.matching import RegisteredIdentity, contradict, differences
from tests.shared_data import needs

PRIVATE_YAN = "\ue863"


def header(*names: str) -> HeaderIdentity:
    return HeaderIdentity("P1", names, "F", "19560312")


def is_same_person(registered: str, *names: str) -> bool:
    return differences(header(*names), RegisteredIdentity("P1", registered, "F", "1956-03-12")) == []


@pytest.mark.parametrize(
    ("registered", "letters"),
    [
        *[("吕晓明", f"{way}^XIAOMING") for way in ("LYU", "LV", "LU", "LÜ", "LUE", "LU\u0308", "LU:", "lǚ")],
        *[("李略", f"LI^{way}") for way in ("LUE", "LVE", "LÜE", "LYUE")],
        ("王女", "WANG^NYU"),
        ("许静", "XV^JING"),
        ("徐静", "XÜ^JING"),
        ("查明", "ZHA^MING"),
        ("单于飞", "SHAN^YUFEI"),
        ("解放", "XIE^FANG"),
        ("曾经", "ZENG^JING"),
        ("仇恨", "QIU^HEN"),
        ("区别", "OU^BIE"),
        ("盖子", "GE^ZI"),
        ("乐音", "YUE^YIN"),
        ("朴实", "PIAO^SHI"),
        ("任务", "REN^WU"),
        ("华山", "HUA^SHAN"),
        ("尉迟恭", "YUCHI^GONG"),
        ("万俟晚", "MOQI^WAN"),
        ("澹台明", "TANTAI^MING"),
        ("长孙无忌", "ZHANGSUN^WUJI"),
        ("黑大山", "HE^DASHAN"),
        ("费孝通", "BI^XIAOTONG"),
        ("贠小明", "YUN^XIAOMING"),
        ("李行", "LI^HANG"),
        ("李乐", "LI^YUE"),
        ("重重重重", "CHONGZHONGCHONGZHONG"),
        ("吕晓明", "XIAOMING^LYU"),
        ("吕晓明", "Xiao-Ming Lyu"),
        ("欧阳娜娜", "NANA^OUYANG"),
        ("西安", "XI'AN"),
        ("西安", "XI’AN"),
        ("李娜", "LǏ^NÀ"),
    ],
)
def test_every_reading_of_each_character_is_the_persons_name(registered: str, letters: str) -> None:
    assert is_same_person(registered, letters)
    assert not contradict(header(registered), header(letters))


@pytest.mark.parametrize(
    ("registered", "letters"),
    [
        ("张三", "LI^SI"),
        ("吕晓明", "LI^XIAOMING"),
        ("卢晓明", "LV^XIAOMING"),
        ("卢晓明", "LYU^XIAOMING"),
        ("卢晓明", "LUE^XIAOMING"),
        ("查明", "CAI^MING"),
        ("吕晓明", "XIAO^LYUMING"),
        ("吕晓明", "LYU^XIAOMIN"),
        ("吕晓明", "LYU^XIAOMINGMING"),
        ("吕晓明", "LYU"),
        ("吕晓明", "?"),
        ("欧阳娜娜", "YANGNANA^OU"),
        ("MÜLLER ANNA", "MOLLER^ANNA"),
        ("MÜLLER ANNA", "MULLER^HANNA"),
        ("LI NA", "李^娜"),
    ],
)
def test_letters_that_read_otherwise_are_somebody_else(registered: str, letters: str) -> None:
    assert not is_same_person(registered, letters)


@pytest.mark.parametrize(
    ("registered", "letters"),
    [
        ("MÜLLER ANNA", "MULLER^ANNA"),
        ("MÜLLER ANNA", "MUELLER^ANNA"),
        ("MULLER ANNA", "Müller^Anna"),
        ("MÜLLER ANNA", "ANNA^MULLER"),
        ("Anna-Lena Müller", "MULLER^ANNALENA"),
        ("O'BRIEN CONOR", "OBRIEN^CONOR"),
        ("O'BRIEN CONOR", "O’Brien^Conor"),
        ("D´ANGELO GIÒ", "DANGELO^GIO"),
        ("BJØRN SØRENSEN", "SORENSEN^BJORN"),
        ("WAŁĘSA LECH", "WALESA^LECH"),
        ("NGUYỄN VĂN ĐỨC", "NGUYEN^VAN DUC"),
        ("ÆGIR ÞOR", "AEGIR^THOR"),
        ("WEIẞ UWE", "WEISS^UWE"),
        ("İNCİ IŞIL", "INCI^ISIL"),
        ("van der Berg Anna", "ANNA^VAN DER BERG"),
    ],
)
def test_letters_are_compared_without_accents_and_with_the_given_name_at_either_end(
    registered: str, letters: str
) -> None:
    assert is_same_person(registered, letters)
    assert not contradict(header(registered), header(letters))


@pytest.mark.parametrize("names", [("王" + PRIVATE_YAN,), ("WANG^YAN", "王^" + PRIVATE_YAN), ("王^䶮",), ("Wang^Yan",)])
def test_a_rare_character_is_one_whether_its_code_is_private_or_public(names: tuple[str, ...]) -> None:
    assert is_same_person("王䶮", *names)
    assert is_same_person("王" + PRIVATE_YAN, *names)
    assert not is_same_person("王" + "\ue862", *names[:1]), "another private code is another character"


@pytest.mark.parametrize("declared", [["ISO_IR 192"], ["GB18030"], [], ["ISO_IR 100"]])
@pytest.mark.parametrize("raw", [f"王^{PRIVATE_YAN}".encode(), b"\xcd\xf5^\xfe\x9f"], ids=["utf-8", "gbk"])
def test_a_header_with_a_private_code_is_read_whatever_it_declares(raw: bytes, declared: list[str]) -> None:
    assert decode_person_name(raw, declared) == ("王^䶮",)


def test_all_names_of_the_collected_cases_are_judged_rightly() -> None:
    cases = json.loads((needs("cases-a") / "names-in-letters" / "names.json").read_text())
    judged = {
        (case["registered"], case["header"]): is_same_person(case["registered"], case["header"]) for case in cases
    }
    assert judged == {(case["registered"], case["header"]): case["same_person"] for case in cases}


ALIKE = {"娜": "那", "王": "汪", "英": "瑛", "吕": "律", "单": "善", "曾": "增", "查": "扎"}
"""Characters, and others that may be written with the same letters."""


@pytest.mark.hypothesis
def test_two_different_names_in_characters_are_never_the_same_person() -> None:
    reached: Counter[str] = Counter()

    @given(st.lists(st.tuples(st.sampled_from(sorted(ALIKE)), st.booleans()), min_size=1, max_size=4))
    def check(characters: list[tuple[str, bool]]) -> None:
        one = "".join(character for character, _ in characters)
        other = "".join(ALIKE[character] if changed else character for character, changed in characters)
        letters = "".join(spellings_of(character)[0] for character in other)
        reached.update({"all": 1, "sound alike": int(one != other and is_same_person(one, letters))})
        assert is_same_person(one, other) is (one == other)
        assert is_same_person(one, letters, other) is (one == other)
        assert contradict(header(one), header(other)) is (one != other)

    check()
    assert reached["sound alike"] * 3 >= reached["all"], reached


def test_names_that_sound_alike_are_two_people_within_a_study_too() -> None:
    assert contradict(header("王英"), header("王瑛"))
    assert contradict(header("WANG^YING", "王英"), header("WANG^YING", "王瑛"))
    assert not contradict(header("WANG^YING", "王英"), header("YING^WANG"))


def test_a_name_without_end_is_compared_in_time_of_its_length() -> None:
    endless = "a " * 500
    assert len(ways_to_write(endless)) == 1
    assert len(ways_to_write("a b " * (MOST_WORDS // 2))) > 1
    assert not is_same_person("行" * 512, "HANGXING" * 128 + "X")
    assert folded("Ünï-Cöde 9") == "UNICODE9"
