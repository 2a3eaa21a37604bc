"""Object keys are made from our own UUIDs, and nothing else passes for one."""

from uuid import UUID

import pytest

from app.archive import keyspace
from app.errors import ArchiveError

A, B = UUID(int=0xAB << 120), UUID(int=1)


def test_a_study_keeps_its_objects_in_one_folder() -> None:
    assert keyspace.instance_object_key(A, B) == f"studies/ab/{A.hex}/{B.hex}"
    assert keyspace.rendition_object_key(A, B) == f"renditions/ab/{A.hex}/{B.hex}"
    assert keyspace.quarantine_object_key(A) == f"quarantine/ab/{A.hex}"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "studies",
        "/studies/aa",
        "studies/../aa",
        "studies/aa/",
        "studies//aa",
        "studies/a.part",
        "Studies/aa",
        "studies/aa\n",
        "studies/aa\x00",
        "studies\\aa",
        "studies/1.2.840",
        "studies/aa/../../../etc/passwd",
        "studies/ａａ",
    ],
)
def test_anything_else_is_no_key(key: str) -> None:
    with pytest.raises(ArchiveError):
        keyspace.require_safe(key)
