"""Invents the persons of the demo: what a header does not say of its patient follows from what it says, at every start.

Nobody real: the phone numbers are of a block the simulated carrier answers, the ID numbers carry a valid check digit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from app.identity.numbers import check_digit
from app.models.states import Sex

_SURNAMES = "王李张刘陈杨赵黄周吴"
_GIVEN = ("秀英", "建国", "桂兰", "志强", "淑珍", "玉梅", "国栋", "红梅", "永福", "凤霞")
_AREA = "120101"


@dataclass(frozen=True)
class DemoPerson:
    """A patient as the demo registers it. `birth_date` is YYYY-MM-DD."""

    patient_id: str
    name: str
    sex: str
    birth_date: str
    phone: str
    id_number: str


def invent_patient_id(study_uid: str) -> str:
    """For a study whose header names none."""
    return f"DEMO{_seed(study_uid) % 1_000_000:06d}"


def invent(*, patient_id: str, name: str = "", sex: str = "", birth_date: str = "") -> DemoPerson:
    """What is given is kept. Two studies that say the same of their patient are of one person with one phone."""
    seed = _seed("|".join((patient_id, name, sex, birth_date)))
    born = _parse(birth_date) or date(1940, 1, 1) + timedelta(days=seed % 22_000)
    sex = sex if sex in tuple(Sex) else "MF"[seed % 2]
    return DemoPerson(
        patient_id=patient_id,
        name=name or _SURNAMES[seed % 10] + _GIVEN[seed // 10 % 10],
        sex=sex,
        birth_date=born.isoformat(),
        phone=f"139{seed % 100_000_000:08d}",
        id_number=id_number(born, seed // 100 % 1000, sex),
    )


def id_number(born: date, serial: int, sex: str) -> str:
    """An 18-character resident ID number (GB 11643-1999): area, birth date, serial (odd: male), check digit."""
    serial = serial - serial % 2 + (1 if sex == Sex.MALE else 0)
    body = f"{_AREA}{born:%Y%m%d}{serial % 1000:03d}"
    return body + check_digit(body)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _parse(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
