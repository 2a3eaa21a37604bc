"""What WeChat users proved, and what they may see by it: a model of binding that knows no rows and no statements.

`Proofs` is told what was asked for, what came to which phone, what the desk gave, what bound and what was ended. Who
plays that in the house is `town`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

GOOD_FOR, MOST_TRIES = timedelta(minutes=10), 5


@dataclass(frozen=True)
class Person:
    """Name and number; `patient_id` of somebody without a number."""

    name: str
    number: str | None
    patient_id: str = ""

    def is_named(self, name: str, number: str | None) -> bool:
        return (self.name, self.number) == (name, number)


@dataclass
class Digits:
    """Digits that came to a phone on file for this WeChat user and person; of the desk without WeChat user and phone.
    `patient_id`: of the registration with that phone."""

    digits: str
    person: Person
    openid: str | None
    good_until: datetime
    phone: str = ""
    patient_id: str = ""
    tries: int = 0
    used: bool = False


@dataclass(frozen=True)
class Bound:
    """One binding. Bound once more after its end it has another number. `ends`: with the childhood."""

    number: int
    person: Person
    ends: datetime | None


@dataclass
class Proofs:
    reached: Counter[str]
    digits: list[Digits] = field(default_factory=list)
    bound: dict[str, list[Bound]] = field(default_factory=dict)
    known: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """By WeChat user and browser: the bindings that were proved there."""
    made: int = 0

    def of(self, openid: str, now: datetime) -> list[Bound]:
        """The bindings of a WeChat user that are not over, the oldest first."""
        before = self.bound.get(openid, [])
        self.bound[openid] = [one for one in before if one.ends is None or now < one.ends]
        self.reached["a child was 14, and its binding ended"] += len(before) - len(self.bound[openid])
        return self.bound[openid]

    def open_in(self, openid: str, browser: int, now: datetime) -> frozenset[int]:
        """The bindings that this browser opens for this WeChat user."""
        return frozenset({one.number for one in self.of(openid, now)} & self.known.get((openid, browser), set()))

    def people(self, openid: str, numbers: frozenset[int], now: datetime) -> set[Person]:
        return {one.person for one in self.of(openid, now) if one.number in numbers}

    def typed(self, openid: str, name: str, number: str | None, now: datetime) -> None:
        """A try counts on all live digits of this WeChat user for whom it names."""
        for each in self.digits:
            if each.openid == openid and each.person.is_named(name, number) and not each.used and now < each.good_until:
                each.tries += 1

    def right(self, openid: str, name: str, number: str | None, typed: str, now: datetime) -> Digits | None:
        """The digits with which this WeChat user proves to be whom the name and number mean, or None."""
        for each in self.digits:
            fits = each.digits == typed and each.openid in (openid, None) and each.person.is_named(name, number)
            if fits and not each.used and now < each.good_until and (each.openid is None or each.tries <= MOST_TRIES):
                return each
        return None

    def why_not(self, openid: str, name: str, number: str | None, typed: str, now: datetime) -> str:
        """Why `right` found none: for the count of what was reached."""
        same = [each for each in self.digits if each.digits == typed]
        if not same:
            return "digits that never were"
        if all(each.openid not in (openid, None) for each in same):
            return "digits of another WeChat user"
        if not any(each.person.is_named(name, number) for each in same):
            return "digits of another person"
        if all(each.used for each in same):
            return "digits that were used"
        return "digits after their time" if all(now >= each.good_until for each in same) else "digits after five tries"

    def bind(self, openid: str, browser: int, right: Digits, now: datetime, grown: datetime | None) -> None:
        """`grown`: when the person is 14, of a child."""
        right.used = True
        for each in self.digits:
            each.used = each.used or each.openid == openid
        known = self.known.setdefault((openid, browser), set())
        live = self.of(openid, now)
        if any(one.person == right.person for one in live):
            known.update(one.number for one in live)
            self.reached["proved once more"] += 1
            return
        if right.person.number is not None:
            kept = [one for one in live if one.person.number is None]
            self.reached["the WeChat user is another person now"] += len(live) - len(kept)
            live = kept
        self.made += 1
        new = Bound(self.made, right.person, grown if grown is not None and now < grown else None)
        self.bound[openid] = [*live, new]
        known.add(new.number)

    def phone_changed(self, patient_id: str, phone: str) -> None:
        """What was sent to the former number is void: it may be a stranger's."""
        for each in self.digits:
            if each.patient_id == patient_id and each.phone != phone and not each.used:
                each.used = True
                self.reached["digits to a former number"] += 1

    def end(self, person: Person) -> int:
        """Staff end every binding of a person; how many there were."""
        before = sum(map(len, self.bound.values()))
        self.bound = {openid: [one for one in all_ if one.person != person] for openid, all_ in self.bound.items()}
        return before - sum(map(len, self.bound.values()))
