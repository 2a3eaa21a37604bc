"""Modalities in words that patients know."""

from __future__ import annotations

import pytest

from app.services.paper.modality_names import modality_name


@pytest.mark.parametrize(
    ("modality", "name"),
    [
        ("CT", "CT"),
        ("MR", "磁共振"),
        ("CR", "X 光"),
        ("DX", "X 光"),
        ("DR", "X 光"),
        ("US", "超声"),
        ("MG", "乳腺 X 光"),
        ("XA", "血管造影"),
        ("NM", "核医学"),
        ("PT", "PET"),
        ("mr ", "磁共振"),
    ],
)
def test_a_modality_is_named_in_plain_chinese(modality: str, name: str) -> None:
    assert modality_name(modality) == name


def test_what_has_no_word_is_shown_as_it_is() -> None:
    assert modality_name("XYZ") == "XYZ"
    assert modality_name("") == ""
