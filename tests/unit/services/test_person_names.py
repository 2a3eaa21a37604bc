"""Names in every character set, declared rightly, wrongly or not at all."""

from __future__ import annotations

import pytest
from pydicom import dcmread

from app.services.person_names import decode_person_name
from tests.shared_data import FOLDER, needs

NAME = "Wang^Xiaodong=王^小东"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("gb18030", ["GB18030"]),
        ("gbk", ["GBK"]),
        ("utf-8", ["ISO_IR 192"]),
        ("gb18030", []),
        ("utf-8", []),
        ("gb18030", ["ISO_IR 100"]),
        ("utf-8", ["ISO_IR 100"]),
        ("gb18030", ["ISO_IR 192"]),
        ("gb18030", ["NO SUCH SET"]),
    ],
)
def test_a_chinese_name_is_read_however_it_is_labelled(encoding: str, declared: list[str]) -> None:
    assert decode_person_name(NAME.encode(encoding), declared) == ("Wang^Xiaodong", "王^小东")


def test_gb2312_with_escapes_is_read() -> None:
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab= "
    assert decode_person_name(raw, ["", "ISO 2022 IR 58"]) == ("Zhang^XiaoDong", "张^小东")


def test_the_standards_own_chinese_sample_is_read() -> None:
    needs("charset-a")
    ds = dcmread(FOLDER / "charset-a" / "chrX2.dcm", stop_before_pixels=True)
    raw = ds.get_item("PatientName").value
    assert decode_person_name(raw, ["GB18030"]) == ("Wang^XiaoDong", "王^小东")


def test_western_letters_with_accents_stay_what_they_are() -> None:
    assert decode_person_name("Buc^Jérôme".encode("latin-1"), ["ISO_IR 100"]) == ("Buc^Jérôme",)


def test_empty_groups_and_padding_are_left_out() -> None:
    assert decode_person_name("=王^小东 \0".encode(), ["ISO_IR 192"]) == ("王^小东",)


def test_bytes_that_are_no_name_in_any_set_still_give_a_text() -> None:
    assert decode_person_name(b"\xff\xfe\xfd", []) != ()
