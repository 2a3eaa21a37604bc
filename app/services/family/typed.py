"""Whom somebody wants to see, as it was typed. Pure; whom it means is looked up in `people`."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.models.states import FamilyRelation, FamilyScope

RELATIONS = {
    **dict.fromkeys(("parent", "father", "mother", "父亲", "母亲", "父母", "爸爸", "妈妈"), FamilyRelation.PARENT),
    **dict.fromkeys(("child", "son", "daughter", "guardian", "子女", "儿子", "女儿", "孩子"), FamilyRelation.CHILD),
    **dict.fromkeys(("spouse", "husband", "wife", "配偶", "丈夫", "妻子"), FamilyRelation.SPOUSE),
    **dict.fromkeys(("sibling", "brother", "sister", "兄弟", "姐妹", "兄弟姐妹"), FamilyRelation.SIBLING),
}
"""Words that callers send, beside those of the form. Another word means other."""


@dataclass(frozen=True)
class Wanted:
    """Whom somebody wants to see, what the member is to them, and what of the exams."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    relation: FamilyRelation = FamilyRelation.OTHER
    scope: FamilyScope = FamilyScope.ALL


def wanted(name: str, id_number: str, relation: str, scope: str) -> Wanted:
    """From the fields of a form, whatever stands in them."""
    return Wanted(
        name.strip(),
        id_number.strip(),
        RELATIONS.get(relation.strip().lower(), FamilyRelation.OTHER),
        FamilyScope.REPORT if scope == FamilyScope.REPORT else FamilyScope.ALL,
    )
