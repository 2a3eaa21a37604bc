"""The Native DICOM Model in XML: what goes in comes out, and hostile documents are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dicom.native_xml import MOST_DEPTH, NAMESPACE, Model, from_xml, to_xml
from app.errors import InvalidInput
from tests.factories.reach import must_reach, reached

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), min_size=1)
PLAIN = st.one_of(
    st.fixed_dictionaries({"vr": st.just("LO"), "Value": st.lists(TEXT, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"vr": st.just("US"), "Value": st.lists(st.integers(0, 65535), min_size=1)}),
    st.fixed_dictionaries(
        {"vr": st.just("FD"), "Value": st.lists(st.floats(allow_nan=False, allow_infinity=False))}
    ).filter(lambda e: e["Value"]),
    st.fixed_dictionaries({"vr": st.just("OB"), "InlineBinary": st.just("AAEC")}),
    st.fixed_dictionaries({"vr": st.just("OW"), "BulkDataURI": TEXT}),
    st.just({"vr": "SH"}),
    st.just({"vr": "PN", "Value": [{"Alphabetic": "Li^Na", "Ideographic": "李^娜"}, {"Phonetic": "A^^B"}]}),
)
TAGS = st.sampled_from(["00080020", "00100010", "00091001", "00090010", "7FE00010", "00400275"])
MODELS = st.recursive(
    st.dictionaries(TAGS, PLAIN, max_size=4),
    lambda inner: st.dictionaries(
        TAGS, st.fixed_dictionaries({"vr": st.just("SQ"), "Value": st.lists(inner, min_size=1, max_size=2)}), max_size=2
    ),
    max_leaves=4,
)


@must_reach("an item", "several values")
@given(MODELS)
def test_a_model_comes_back_as_it_was(model: Model) -> None:
    document = to_xml(model)
    states = {
        "an item": "<Item" in document,
        "several values": '<Value number="2">' in document,
    }
    reached(*(state for state, is_reached in states.items() if is_reached))
    assert from_xml(document.encode()) == model


def test_a_private_element_names_its_creator() -> None:
    model: Model = {"00090010": {"vr": "LO", "Value": ["ACME <1>"]}, "00091001": {"vr": "SH", "Value": ["x"]}}
    assert '<DicomAttribute tag="00091001" vr="SH" privateCreator="ACME &lt;1&gt;">' in to_xml(model)


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    assert from_xml(to_xml({"00104000": {"vr": "LT", "Value": ["a\x00\x1bb\ud800"]}}).encode())["00104000"][
        "Value"
    ] == ["ab"]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OPEN = f'<NativeDicomModel xmlns="{NAMESPACE}">'


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no xml",
        "<other/>",
        OPEN,
        BOMB + OPEN + "</NativeDicomModel>",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + OPEN + "</NativeDicomModel>",
        OPEN + "&xxe;</NativeDicomModel>",
        OPEN + "<?php ?></NativeDicomModel>",
        OPEN + '<DicomAttribute vr="LO"/></NativeDicomModel>',
        OPEN + '<DicomAttribute tag="xx" vr="LO"/></NativeDicomModel>',
        OPEN + "<Value number='1'>1</Value></NativeDicomModel>",
        OPEN + '<DicomAttribute tag="00200013" vr="IS"><Value>one</Value></DicomAttribute></NativeDicomModel>',
        OPEN + '<DicomAttribute tag="00081140" vr="SQ"><Item>' * MOST_DEPTH,
        OPEN + "<FamilyName>a</FamilyName></NativeDicomModel>",
    ],
)
def test_hostile_documents_are_refused_and_nothing_is_fetched(document: str) -> None:
    with pytest.raises(InvalidInput):
        from_xml(document.encode())
