"""Values that no column tells are matched as PS3.4 C.2.2.2 says, in time that hostile wildcards do not stretch."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.dicomweb.late_matching import matches, name_matches
from app.services.dicomweb.matching_keys import LateKey, path_of
from tests.factories.reach import must_reach, reached

WORD = st.text("ab*?", max_size=8)


@must_reach("matches", "differs", "matches by a wildcard")
@given(WORD, st.text("ab", max_size=10))
@example("a*", "ab")
def test_wildcards_match_as_a_plain_pattern_does(wanted: str, value: str) -> None:
    pattern = "".join(".*" if letter == "*" else "." if letter == "?" else letter for letter in wanted)
    expected = bool(value) and re.fullmatch(pattern, value) is not None
    reached("matches" if expected else "differs", *(["matches by a wildcard"] if expected and value != wanted else []))
    model = {"00080080": {"vr": "LO", "Value": [value]}}
    assert matches(LateKey(("InstitutionName",), wanted), model) == expected


@pytest.mark.parametrize(
    ("wanted", "groups", "expected"),
    [
        ("Li^Na", ["Li^Na", "李^娜"], True),
        ("LI^NA^^", ["Li^Na"], True),
        ("Li Na", ["Li^Na"], True),
        ("李娜", ["Li^Na", "李^娜"], True),
        ("李^娜", ["Li^Na"], False),
        ("Li^Na=李^娜", ["Li^Na", "李^娜"], True),
        ("=李^娜", ["Li^Na", "李^娜"], True),
        ("Li^Na=王^娜", ["Li^Na", "李^娜"], False),
        ("Li", ["Li^Na"], False),
        ("Li*", ["LI^NA"], True),
        ("*娜", ["Li^Na", "李^娜"], True),
        ("=", ["Li^Na"], False),
        ("Li^Na", [], False),
    ],
)
def test_a_name_is_matched_by_its_component_groups(wanted: str, groups: list[str], expected: bool) -> None:
    assert name_matches(wanted, groups) == expected


STEP: dict[str, Any] = {"00400009": {"vr": "SH", "Value": ["SPS1"]}, "00400002": {"vr": "DA", "Value": ["20260105"]}}


@pytest.mark.parametrize(
    ("path", "wanted", "expected"),
    [
        ("RequestAttributesSequence.ScheduledProcedureStepID", "SPS1", True),
        ("RequestAttributesSequence.ScheduledProcedureStepID", "SPS2", False),
        ("00400275.00400002", "20260101-20260131", True),
        ("00400275.00400002", "-20260104", False),
        ("00400275.00400002", "202601", True),
        ("RequestAttributesSequence.AccessionNumber", "*1", False),
    ],
)
def test_a_key_inside_a_sequence_is_met_by_any_item(path: str, wanted: str, expected: bool) -> None:
    found = path_of(path)
    assert found is not None
    model = {"00400275": {"vr": "SQ", "Value": [{}, STEP]}}
    assert matches(LateKey(found, wanted), model) == expected


def test_floods_of_wildcards_end() -> None:
    model = {"00080080": {"vr": "LO", "Value": ["a" * 2000]}}
    assert not matches(LateKey(("InstitutionName",), "*a" * 500 + "b"), model)


@pytest.mark.parametrize(
    "name",
    ["", ".", "NoSuch", "PatientName.PatientID", "00080020.", "a.b", ".".join(["RequestAttributesSequence"] * 9)],
)
def test_what_names_no_attribute_has_no_path(name: str) -> None:
    assert path_of(name) is None
