"""Texts in every character set, declared rightly, wrongly or not at all: names, descriptions, metadata."""

from __future__ import annotations

import io
import json

import pytest
from pydicom import Dataset

from app.dicom import json_metadata
from app.dicom.element_values import text_of
from app.dicom.header_fields import read
from app.dicom.part10 import HeaderLimits, parse
from app.dicom.person_names import decode_person_name
from app.dicom.text_bytes import decode_text
from deploy.testbed.ct import ct_slice, part10
from tests.shared_data import needs

CHEST = "胸部平扫薄层"
LABELS: list[list[str]] = [
    *([label] for label in ("GB18030", "GBK", "ISO_IR 192", "ISO_IR 100", "ISO_IR 101", "ISO_IR 148", "NO SUCH SET")),
    [],
]


@pytest.mark.parametrize("declared", LABELS)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("text", [CHEST, "CT胸部", "T2加权 5mm", "胸部\r\n平扫", "颅脑", "张", "郑", "䶮"])
def test_a_chinese_text_is_read_however_it_is_labelled(declared: list[str], encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding), declared) == text


@pytest.mark.parametrize("declared", LABELS)
@pytest.mark.parametrize(
    "name",
    [
        "郑十",
        "郑",
        "郑伟",
        "谢小",
        "薛伟",
        "朱镕基",
        "张^三",
        "李^镕",
        "陶喆",
        "谢^霆锋",
        "鲁迅",
        "皮皮",
        "路遥",
        "习",
        "禄",
    ],
)
def test_names_in_gb18030_that_are_valid_utf8_or_look_latin_are_seen_by_their_script(
    declared: list[str], name: str
) -> None:
    assert decode_person_name(name.encode("gb18030"), declared) == (name,)


@pytest.mark.parametrize(
    ("name", "encoding", "label"),
    [
        ("Wałęsa^Łukasz", "iso8859_2", "ISO_IR 101"),
        ("Żółkiewski^Święto", "iso8859_2", "ISO_IR 101"),
        ("Dvořák^Antonín", "iso8859_2", "ISO_IR 101"),
        ("Gül^Öz", "iso8859_9", "ISO_IR 148"),
        ("Şükrü^Çağış", "iso8859_9", "ISO_IR 148"),
        ("ÖĞÜT^ŞÜKRÜ", "iso8859_9", "ISO_IR 148"),
        ("Jérôme^Zoë", "latin-1", "ISO_IR 100"),
        ("Müßig^Äöü Straße", "latin-1", "ISO_IR 100"),
        ("McDönald^Ann", "latin-1", "ISO_IR 100"),
        ("Иванов^Иван", "iso8859_5", "ISO_IR 144"),
        ("Διονυσιος", "iso8859_7", "ISO_IR 126"),
        ("Иванов^Пётр", "utf-8", "ISO_IR 192"),
        ("Müller^Zoë", "utf-8", "ISO_IR 192"),
        ("Müller^Zoë", "utf-8", "ISO_IR 100"),
        ("Müller^Zoë", "utf-8", ""),
        ("שרון^דבורה", "utf-8", "ISO_IR 192"),
        ("лимон^анна", "utf-8", "ISO_IR 192"),
        ("Әйгерім^Қожахмет", "utf-8", "ISO_IR 192"),
        ("ئايگۈل", "utf-8", "ISO_IR 192"),
        ("Lǚ^Bù", "utf-8", "ISO_IR 192"),
    ],
)
def test_a_rightly_declared_name_in_letters_stays_what_it_says(name: str, encoding: str, label: str) -> None:
    assert decode_person_name(name.encode(encoding), [label] if label else []) == (name,)


@pytest.mark.parametrize("text", ["Schädel 5 µm", "Größe 40° 2 cm²", "Thorax ±5", "ÖSOPHAGUS"])
def test_a_western_description_with_symbols_stays_what_it_says(text: str) -> None:
    assert decode_text(text.encode("latin-1"), ["ISO_IR 100"]) == text


@pytest.mark.parametrize("label", ["ISO_IR 192", ""])
def test_signs_and_units_of_a_description_in_utf8_stay_what_they_are(label: str) -> None:
    assert decode_text("±3° 5µm".encode(), [label] if label else []) == "±3° 5µm"


@pytest.mark.parametrize("declared", [["ISO_IR 192"], []])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_chinese_bytes_that_were_taken_for_latin_and_encoded_once_more_are_read(
    encoding: str, declared: list[str]
) -> None:
    twice = "李娜".encode(encoding).decode("latin-1").encode()
    assert decode_person_name(twice, declared) == ("李娜",)


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8", "ISO_IR 192"), ("gb18030", "GB18030"), ("gbk", "ISO_IR 100")]
)
def test_a_description_that_was_cut_within_a_character_lacks_this_one_only(encoding: str, declared: str) -> None:
    assert decode_text(f"CT {CHEST}".encode(encoding)[:-1], [declared]) == f"CT {CHEST}"[:-1]


def test_a_name_that_was_cut_within_a_character_is_not_read_as_the_shorter_one() -> None:
    for encoding in ("utf-8", "gb18030"):
        assert decode_person_name("李娜娜".encode(encoding)[:-1], ["ISO_IR 192"]) != ("李娜",)


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert decode_person_name("李娜".encode("utf-8-sig"), ["ISO_IR 192"]) == ("李娜",)


def dressed(encoding: str, declared: str | None) -> bytes:
    """A slice with Chinese texts in these bytes, whatever it declares."""
    description, name = CHEST.encode(encoding), "李测".encode(encoding)
    stand_in = "Q" * len(description)
    item = Dataset()
    item.CodeMeaning = stand_in
    file = part10(
        ct_slice(
            SpecificCharacterSet=declared,
            SeriesDescription=stand_in,
            StudyDescription=stand_in,
            BodyPartExamined=stand_in,
            PatientName="W" * len(name),
            ProcedureCodeSequence=[item],
        )
    )
    return file.replace(stand_in.encode(), description).replace(b"W" * len(name), name)


@pytest.mark.parametrize("declared", ["GB18030", "ISO_IR 100", "ISO_IR 192", None])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_header_and_metadata_read_every_text_leniently(encoding: str, declared: str | None) -> None:
    file = io.BytesIO(dressed(encoding, declared))
    header = read(file, HeaderLimits())
    assert header.series_description == header.study_attributes["StudyDescription"] == CHEST
    assert header.series_attributes["BodyPartExamined"] == CHEST
    assert header.identity.names == ("李测",)
    found = json.loads(json_metadata.to_json(parse(file, HeaderLimits()).dataset, "1.2", None, str).text)
    assert found["0008103E"]["Value"] == [CHEST]
    assert found["00100010"]["Value"][0]["Alphabetic"] == "李测"
    assert found["00081032"]["Value"][0]["00080104"]["Value"] == [CHEST]


@pytest.mark.parametrize("name", ["gb18030_declared", "gbk_declared_ir100", "gbk_undeclared"])
def test_the_collected_descriptions_are_read(name: str) -> None:
    folder = needs("cases-a") / "description-charset"
    expected = json.loads((folder / "expected.json").read_text())[f"{name}.dcm"]["description"]
    with (folder / f"{name}.dcm").open("rb") as file:
        header = read(file, HeaderLimits())
        assert header.series_description == expected
        assert text_of(parse(file, HeaderLimits()).dataset, "SeriesDescription") == expected
        assert header.identity.names == ("李测",)
