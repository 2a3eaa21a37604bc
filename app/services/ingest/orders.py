"""Which orders a study names by its headers. Whether it belongs to their exams, services/exams decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from app.dicom.header_fields import MOST_ORDERS
from app.models import Study
from app.models.base import accession_key
from app.repos.exams import orders as repo


def add_orders(session: Session, study: Study, named: Iterable[str]) -> None:
    """The study is also of the orders that new headers name. A study that names none has one order without number."""
    known = repo.of_study(session, study.id)
    keys = frozenset[str]().union(*(order.keys for order in known))
    numbers = [number for number in _each_once(named) if accession_key(number) not in keys]
    if not numbers:
        if not known:
            repo.add(session, study, [""], 0)
        return
    without_number = [order for order in known if not order.accession_key]
    repo.remove(session, without_number)
    place = max((order.place for order in known), default=-1) + 1
    repo.add(session, study, numbers[: MOST_ORDERS - len(known) + len(without_number)], place)
    study.accession_number = study.accession_number or numbers[0]


def replace_orders(session: Session, study: Study, named: Collection[str]) -> list[str]:
    """The study is of the orders that its corrected headers name, and of no other. Returns the accession numbers of
    those that it is no longer of."""
    keys = set(map(accession_key, named)) or {""}
    gone = [order for order in repo.of_study(session, study.id) if not order.keys & keys]
    numbers = [order.accession_number for order in gone]
    repo.remove(session, gone)
    study.accession_number = next(iter(named), "")
    add_orders(session, study, named)
    return numbers


def _each_once(numbers: Iterable[str]) -> list[str]:
    by_key: dict[str, str] = {}
    for number in numbers:
        by_key.setdefault(accession_key(number), number)
    return list(by_key.values())
