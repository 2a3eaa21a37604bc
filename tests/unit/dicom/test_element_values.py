"""Values read off an element's bytes are those pydicom would give, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from app.dicom import part10  # sets how strictly pydicom reads values
from app.dicom.element_values import value_of
from tests.factories.reach import must_reach, reached

KEYWORDS = {
    "CS": "Modality",
    "DA": "StudyDate",
    "LO": "SeriesDescription",
    "SH": "AccessionNumber",
    "TM": "StudyTime",
    "UI": "SOPInstanceUID",
    "US": "Rows",
    "IS": "InstanceNumber",
    "DS": "WindowCenter",
    "FD": "DoubleFloatPixelPaddingValue",
}
LIKELY = st.lists(st.sampled_from([*b" 0123456789+-.eE\\A^~\0\x1b"]), max_size=20).map(bytes)
NUMBERS = st.floats(allow_nan=False, width=32).map(lambda number: f"{number:.6g}".encode())
RAW = LIKELY | st.binary(max_size=20) | NUMBERS | st.lists(NUMBERS, max_size=4).map(b"\\".join)


def dataset(vr: str, raw: bytes, *, implicit: bool = False, little: bool = True, charset: str = "") -> Dataset:
    """As it was read: nothing in it is converted yet."""
    values = {KEYWORDS[vr]: (vr, raw)}
    if charset:
        values["SpecificCharacterSet"] = ("CS", charset.encode())
    tags = {keyword: BaseTag(tag_for_keyword(keyword) or 0) for keyword in values}
    elements = {
        tags[keyword]: RawDataElement(tags[keyword], None if implicit else vr, len(raw), raw, 0, implicit, little)
        for keyword, (vr, raw) in values.items()
    }
    read = Dataset(elements)
    read.set_original_encoding(implicit, little, read._character_set)
    return read


def told(vr: str, ask: Callable[[], Any]) -> Any:
    """What is compared: the text of a text, the number of a number, the kind of an error."""
    try:
        value = ask()
        if vr in ("IS", "DS", "US") and value not in (None, ""):
            values = value if isinstance(value, MultiValue | list) else [value]
            return [item if item == "" else float(item) for item in values]
        return str(value)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("vr", KEYWORDS)
@must_reach("a value")
@settings(max_examples=300, deadline=None)
@given(raw=RAW, implicit=st.booleans(), little=st.booleans())
def test_any_bytes_are_the_value_that_pydicom_reads(vr: str, raw: bytes, implicit: bool, little: bool) -> None:
    keyword = KEYWORDS[vr]

    def element() -> Dataset:
        return dataset(vr, raw, implicit=implicit, little=little)

    ours = told(vr, lambda: value_of(element(), keyword))
    reached(*(["a value"] if ours and not isinstance(ours, type) else []))
    assert ours == told(vr, lambda: element().get(keyword))


@pytest.mark.parametrize(("charset", "codec"), [("GB18030", "gb18030"), ("ISO_IR 192", "utf-8"), ("GBK", "gbk")])
@pytest.mark.parametrize("text", ["胸部 CT", "Chest ~ CT", "plain"])
def test_a_text_is_decoded_as_its_character_set_says(charset: str, codec: str, text: str) -> None:
    assert value_of(dataset("LO", text.encode(codec), charset=charset), "SeriesDescription") == text


def test_plain_values_are_not_left_to_pydicom(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [
        (dataset("US", b"\x00\x02"), "Rows", 512),
        (dataset("US", b"\x02\x00", little=False), "Rows", 512),
        (dataset("UI", b"1.2.840\0"), "SOPInstanceUID", "1.2.840"),
        (dataset("IS", b"12 ", implicit=True), "InstanceNumber", 12),
        (dataset("DS", b"-600.5\\40"), "WindowCenter", [-600.5, 40.0]),
    ]
    monkeypatch.setattr(Dataset, "__getitem__", lambda *_: pytest.fail("pydicom was asked"))
    for read, keyword, value in asked:
        assert value_of(read, keyword) == value


def test_what_is_absent_is_the_default_and_an_unknown_keyword_a_mistake() -> None:
    assert value_of(Dataset(), "Rows", 7) == 7
    with pytest.raises(LookupError):
        value_of(Dataset(), "Rowz")


def test_pydicom_reads_as_it_does_at_the_doors() -> None:
    assert part10.pydicom.config.settings.reading_validation_mode == part10.pydicom.config.IGNORE
