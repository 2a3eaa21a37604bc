"""Characters that old GBK systems write with private codes, given back their public ones.

Which bytes a text was is `person_names`, who is the same person is app/identity.
"""

from __future__ import annotations

_FIRST = 0xE815
_NO_TRAIL = 0x7F
_LATER = {
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}
"""Public since GB 18030-2005; Python's codec is of the edition before."""


def with_public_codes(text: str) -> str:
    """`text` with each private code of GBK's last row (FE50 to FEA0; 䶮 is U+E863) as the character it stands for
    (GB 18030-2005, annex E). Other private codes have no meaning outside the system that wrote them, and stay."""
    return text.translate(_PUBLIC)


def _public() -> dict[int, int]:
    """GBK counts its last row on from U+E815; GB 18030 knows the same two bytes by their public characters."""
    trails = [trail for trail in range(0x50, 0xA1) if trail != _NO_TRAIL]
    row = (ord(bytes((0xFE, trail)).decode("gb18030")) for trail in trails)
    return dict(enumerate(row, _FIRST)) | _LATER


_PUBLIC = _public()
