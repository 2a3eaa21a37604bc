"""Names in every character set, declared rightly, wrongly or not at all."""

from __future__ import annotations

import pytest

from app.dicom.header_fields import read
from app.dicom.part10 import HeaderLimits
from app.dicom.person_names import decode_person_name
from deploy.testbed.shared_data import FOLDER
from tests.shared_data import needs

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
        ("utf-8", ["GB18030"]),
        ("utf-8", ["GBK"]),
        ("utf-8", ["", "ISO 2022 IR 58"]),
        ("gb18030", ["", "ISO 2022 IR 58"]),
    ],
)
def test_a_chinese_name_is_read_however_it_is_labelled(encoding: str, declared: list[str]) -> None:
    assert decode_person_name(NAME.encode(encoding), declared) == ("Wang^Xiaodong", "王^小东")


@pytest.mark.parametrize(
    "declared",
    [["", "ISO 2022 IR 58"], ["ISO 2022 IR 6", "ISO 2022 IR 58"], ["ISO 2022 IR 58"], ["GB18030"], ["ISO_IR 100"], []],
)
def test_gb2312_with_escapes_is_read_however_it_is_labelled(declared: list[str]) -> None:
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab= "
    assert decode_person_name(raw, declared) == ("Zhang^XiaoDong", "张^小东")


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("charset-a/chrGB2312", ("Zhang^XiaoDong", "张^小东")),
        ("charset-a/chrX1", ("Wang^XiaoDong", "王^小東")),
        ("charset-a/chrX2", ("Wang^XiaoDong", "王^小东")),
        ("charset-a/chrH31", ("Yamada^Tarou", "山田^太郎", "やまだ^たろう")),
        ("charset-a/chrI2", ("Hong^Gildong", "洪^吉洞", "홍^길동")),
        ("charset-chinese-a/gb18030_declared", ("Zhang^San", "张^三")),
        ("charset-chinese-a/gb18030_declared_latin1", ("孙七",)),
        ("charset-chinese-a/gb18030_rare4byte", ("Yan^", "㐂^𠮷龘")),
        ("charset-chinese-a/gb18030_undeclared", ("王五",)),
        ("charset-chinese-a/gbk_declared", ("Ouyang^Nana", "欧阳^娜娜")),
        ("charset-chinese-a/utf8_declared", ("Li^Si", "李^四")),
        ("charset-chinese-a/utf8_undeclared", ("赵六",)),
    ],
)
def test_the_names_of_real_files_are_read(name: str, groups: tuple[str, ...]) -> None:
    needs(name.partition("/")[0])
    with (FOLDER / f"{name}.dcm").open("rb") as file:
        assert read(file, HeaderLimits()).identity.names == groups


def test_western_letters_with_accents_stay_what_they_are() -> None:
    assert decode_person_name("Buc^Jérôme".encode("latin-1"), ["ISO_IR 100"]) == ("Buc^Jérôme",)


def test_empty_groups_and_padding_are_left_out() -> None:
    assert decode_person_name("=王^小东 \0".encode(), ["ISO_IR 192"]) == ("王^小东",)


def test_bytes_that_are_no_name_in_any_set_still_give_a_text() -> None:
    assert decode_person_name(b"\xff\xfe\xfd", []) != ()
