"""Children that read headers which one test has for itself, and small files that kill them."""

from __future__ import annotations

from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.dicom.part10 import HeaderLimits
from app.imaging.sandbox.children import Children
from app.imaging.sandbox.header_pool import HeaderPool
from app.imaging.sandbox.header_process import HeaderChild
from deploy.testbed.ct import ct_slice, part10
from tests.factories.expanding_files import raw

MIB = 1 << 20
EMPTY_ITEM = b"\xfe\xff\x00\xe0\0\0\0\0"


class OwnPool(HeaderPool):
    """Pools of other tests share their children; this one has its own, which are waited for on a busy machine, too."""

    def __init__(self, workers: int = 2, time_limit_s: float = 20, memory_limit_bytes: int = 2 << 30) -> None:
        super().__init__(workers, time_limit_s, memory_limit_bytes, HeaderLimits())

        def start() -> HeaderChild:
            child = HeaderChild(memory_limit_bytes, time_limit_s, self.limits)
            child.patience_s = 240
            return child

        self._children = Children(workers, 10_000, start)


def memory_bomb(**uids: str) -> bytes:
    """A header that inflates to 200 MiB: too much for a child of 400 MiB."""
    bomb = part10(ct_slice(EncapsulatedDocument=bytes(200 * MIB), **uids), DeflatedExplicitVRLittleEndian)
    assert len(bomb) < MIB
    return bomb


def time_bomb(**uids: str) -> bytes:
    """A header of a third of the reads that one may take: too many for a child that has a second."""
    slow = ct_slice(**uids)
    raw(slow, 0x00400260, "SQ", EMPTY_ITEM * 300_000)
    return part10(slow)
