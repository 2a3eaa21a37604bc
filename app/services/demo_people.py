"""Invents the persons of the demo: what a study's header does not say, made from its UID, the same at every start.

Nobody real: the phone numbers are of a block the simulated carrier answers, the ID numbers carry a valid check digit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

_SURNAMES = "王李张刘陈杨赵黄周吴"
_GIVEN = ("秀英", "建国", "桂兰", "志强", "淑珍", "玉梅", "国栋", "红梅", "永福", "凤霞")
_AREA = "120101"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class DemoPerson:
    """A patient as the demo registers it. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str
    phone: str
    id_number: str


def invent(study_uid: str, *, patient_id: str = "", name: str = "", sex: str = "", birth_date: str = "") -> DemoPerson:
    """A person for a study; what the header says is kept, the rest follows from the UID."""
    seed = int.from_bytes(hashlib.sha256(study_uid.encode()).digest()[:8], "big")
    born = _parse(birth_date) or date(1940, 1, 1) + timedelta(days=seed % 22_000)
    sex = sex if sex in ("M", "F", "O") else "MF"[seed % 2]
    return DemoPerson(
        patient_id=patient_id or f"DEMO{seed % 1_000_000:06d}",
        name=name or _SURNAMES[seed % 10] + _GIVEN[seed // 10 % 10],
        sex=sex,
        birth_date=born.isoformat(),
        phone=f"139{seed % 100_000_000:08d}",
        id_number=id_number(born, seed // 100 % 1000, sex),
    )


def id_number(born: date, serial: int, sex: str) -> str:
    """An 18-character resident ID number (GB 11643-1999): area, birth date, serial (odd: male), check digit."""
    serial = serial - serial % 2 + (1 if sex == "M" else 0)
    body = f"{_AREA}{born:%Y%m%d}{serial % 1000:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def _parse(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
