"""Six registrations, three WeChat users with two browsers, a desk, and two processes: what they do with bindings, each
act told to the model in `proofs`, and the house held against the model."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.bootstrap import Services
from app.errors import AccessRefused, NotFound, TooManyAttempts
from app.identity.childhood import grown_at
from app.security.codes import Codes
from app.services.binding.binding import Claim
from app.services.binding.entering import Entered
from app.services.wechat.login import Login
from app.services.wechat.states import LeadsTo
from tests.factories.house import clock_of
from tests.factories.proofs import GOOD_FOR, Digits, Person, Proofs
from tests.factories.telling import messages, register, sweep

WIFE, HUSBAND, NAMESAKE, CHILD, ELSEWHERE = range(5)
"""The couple and the child have one phone; the wife is registered elsewhere once more, with a former phone."""
WHO = (WIFE, HUSBAND, NAMESAKE, CHILD, ELSEWHERE)
CHILDHOOD = timedelta(days=3)
ALONE = (-1, "")
"""Nobody is named: whoever the WeChat user is bound to."""


@dataclass
class Registration:
    """A patient of the RIS with one exam."""

    patient_id: str
    name: str
    number: str | None
    phone: str
    born: str
    exam: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def person(self) -> Person:
        return Person(self.name, self.number, "" if self.number else self.patient_id)


@dataclass(frozen=True)
class Interrupting(Codes):
    """Codes that let something happen between the count of a try and its answer, as another process does."""

    first: list[Callable[[], object]] = field(default_factory=list)

    def hash(self, purpose: str, *parts: str) -> bytes:
        if purpose == "one-time" and self.first:
            self.first.pop()()
        return super().hash(purpose, *parts)


class Town:
    """`number`: makes the people of each town strangers to those of all others."""

    def __init__(self, houses: list[Services], number: int, reached: Counter[str]) -> None:
        self.houses, self.reached, self.proofs = houses, reached, Proofs(reached)
        born = (self._now() + CHILDHOOD + timedelta(hours=8)).date()
        born = born.replace(year=born.year - 14)
        p, e = [f"139{number:06d}{last:02d}" for last in range(3)], f"E{number:07d}"
        self.people = [
            Registration(f"P{number}-{at}", name, number_of, phone, day)
            for at, (name, number_of, phone, day) in enumerate(
                [
                    ("李娜", e + "1", p[0], "1960-01-02"),
                    ("王强", e + "2", p[0], "1958-05-06"),
                    ("李娜", e + "3", p[1], "1990-01-02"),
                    ("李小宝", None, p[0], born.isoformat()),
                    ("李娜", e + "1", p[2], "1960-01-02"),
                ]
            )
        ]
        self.phones = p
        for one in reversed(self.people):  # so the wife's newest exam is the one with the couple's phone
            self._register(one)
            clock_of(houses[0]).advance(1)
        self.openids = [f"oTown{number:06d}{at:017d}" for at in range(3)]
        self.browsers: dict[int, str] = {}
        self.sessions: list[tuple[uuid.UUID, str, frozenset[int]]] = []
        self.waiting: list[tuple[str, Person, datetime]] = []
        self.seen = dict.fromkeys(p, 0)

    def wait(self, seconds: int) -> None:
        clock_of(self.houses[0]).advance(seconds)

    def ask(self, process: int, openid: int, named: tuple[int, str]) -> None:
        """`named`: whose name, and what is wrong with it: `name`, `number`, or nothing."""
        self.wait(1)  # jobs have an order
        claim, person = self._claim(openid, named)
        try:
            self.houses[process].binding.binding.request(self._login(openid), claim, self._address())
        except TooManyAttempts:
            self.reached["asked too often"] += 1
            return
        if person is not None:
            self.waiting.append((self.openids[openid], person, self._now() + GOOD_FOR))

    def deliver(self, process: int) -> None:
        """The worker of a process sends what was asked for: each phone is rung for the first who asked."""
        sweep(self.houses[process])
        for phone in self.phones:
            texts = [one.text for one in messages(self.houses[0], "+86" + phone) if "验证码是" in one.text]
            new, self.seen[phone] = texts[self.seen[phone] :], len(texts)
            for openid, person, good_until in self.waiting:
                one = self._newest_of(person)
                if new and one and one.phone == phone and self._now() < good_until:
                    digits = new.pop(0).partition("验证码是")[2][:6]
                    self.proofs.digits.append(Digits(digits, person, openid, good_until, phone, one.patient_id))
            assert not new, "digits came to a phone for which nobody asked"
        self.waiting = []

    def give(self, process: int, who: int) -> None:
        """The desk gives digits to somebody whom it identified."""
        one = self.people[who]
        digits = self.houses[process].desk.exams.let_bind(one.exam, "本人到窗口", "staff:desk")
        self.proofs.digits.append(Digits(digits, one.person, None, self._now() + GOOD_FOR))

    def answer(
        self,
        process: int,
        openid: int,
        browser: int,
        named: tuple[int, str],
        which: int,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Type digits: the last but `which` of all that there are, or made up ones."""
        self.wait(1)  # bindings have an order
        typed = self.proofs.digits[-1 - which].digits if which < len(self.proofs.digits) else "12345"
        claim, _ = self._claim(openid, named)
        who, login, binding = self.openids[openid], self._login(openid), self.houses[process].binding.binding
        name, number = self._meant(openid, claim)
        if meanwhile is not None:
            codes = Interrupting(binding.codes.derivation, binding.codes.hashing, [meanwhile])
            binding = replace(binding, codes=codes)
        self.proofs.typed(who, name, number, self._now())
        try:
            entered = binding.bind(login, claim, typed, self.browsers.get(browser), self._address())
        except AccessRefused:
            right = self.proofs.right(who, name, number, typed, self._now())
            if right is None:
                self.reached[self.proofs.why_not(who, name, number, typed, self._now())] += 1
                return
            raise AssertionError("somebody who proved everything was refused") from None
        right = self.proofs.right(who, name, number, typed, self._now())
        assert right is not None, "bound, and nothing was proved"
        self.reached["bound at the desk" if right.openid is None else "bound by digits to the phone"] += 1
        grown = None if right.person.number else grown_at(self.people[CHILD].born)
        self.proofs.bind(who, browser, right, self._now(), grown)
        self._opened(who, browser, entered)

    def prove(self, process: int, openid: int, browser: int, named: tuple[int, str]) -> None:
        """The whole way: a minute later ask, and type what came."""
        self.wait(61)
        self.ask(process, openid, named)
        self.deliver(1 - process)
        self.answer(process, openid, browser, named, 0)

    def enter(self, process: int, openid: int, browser: int) -> None:
        """From the menu of WeChat."""
        who, house = self.openids[openid], self.houses[process]
        entered = house.binding.entering.enter(self._login(openid), self.browsers.get(browser))
        known = self.proofs.open_in(who, browser, self._now())
        if entered is None:
            assert not known, "a browser in which the owner was proved is a stranger"
            self.reached["bound, but not proved in this browser"] += bool(self.proofs.of(who, self._now()))
            return
        self.reached["let in where it was proved before"] += 1
        self._opened(who, browser, entered)

    def unbind(self, process: int, openid: int) -> None:
        """The WeChat user ends the newest binding."""
        who = self.openids[openid]
        live = self.proofs.of(who, self._now())
        if live:
            house = self.houses[process]
            with house.db.read() as session:
                account = house.wechat.accounts.of_openid(session, self._login(openid).openid_hash)[-1]
            house.binding.entering.unbind(account.id, "patient")
            live.pop()
            self.reached["ended by its owner"] += 1

    def unbind_at_desk(self, process: int, who: int) -> None:
        one = self.people[who]
        self.houses[process].desk.exams.unbind(one.exam, "手机丢失", "staff:desk")
        self.reached["ended by staff"] += self.proofs.end(one.person)

    def change_phone(self, who: int, phone: int) -> None:
        one = self.people[who]
        one.phone = self.phones[phone]
        self._register(one)
        self.proofs.phone_changed(one.patient_id, one.phone)
        self.reached["another phone on file"] += 1

    def correct(self, who: int) -> None:
        """The RIS says that it was another person's registration."""
        one = self.people[who]
        everybody = {each.person for all_ in self.proofs.bound.values() for each in all_}
        self.reached["a bound person's registration became another's"] += one.person in everybody
        one.name = f"钱{one.name}"
        self._register(one)

    def look(self) -> None:
        """Every session that there ever was opens only exams of persons whom its WeChat user proved in its browser,
        and whose binding nobody ended since."""
        now = self._now()
        for session_id, openid, numbers in self.sessions:
            people = self.proofs.people(openid, numbers, now)
            allowed = {one.exam for one in self.people if one.person in people}
            for house in self.houses:
                try:
                    found = {access.exam_id for access in house.patient_access.sessions.opened(session_id)}
                except NotFound:
                    found = set()
                assert found <= allowed, "a session opens what nobody proved, or what was ended"
                self.reached["a session that opens exams"] += bool(found)

    def _opened(self, openid: str, browser: int, entered: Entered) -> None:
        self.browsers[browser] = entered.device
        numbers = self.proofs.open_in(openid, browser, self._now())
        self.sessions += [(session_id, openid, numbers) for session_id in entered.sessions]

    def _claim(self, openid: int, named: tuple[int, str]) -> tuple[Claim, Person | None]:
        """What is typed, and whom it names, if anybody."""
        who, wrong = named
        if who < 0:
            live = self.proofs.of(self.openids[openid], self._now())
            return Claim("", ""), live[0].person if live else None
        one = self.people[who]
        name = f"假{one.name}" if wrong == "name" else one.name
        number = self.people[(who + 1) % 3].number if wrong == "number" else one.number
        if wrong:
            self.reached[f"a wrong {wrong}"] += 1
        person = Person(name, number)
        return Claim(name, number or ""), person if number and self._newest_of(person) else None

    def _meant(self, openid: int, claim: Claim) -> tuple[str, str | None]:
        if claim.name:
            return claim.name, claim.id_number or None
        live = self.proofs.of(self.openids[openid], self._now())
        return (live[0].person.name, live[0].person.number) if live else ("", "")

    def _newest_of(self, person: Person) -> Registration | None:
        """The registration of a person with the newest exam."""
        return next((one for one in self.people if one.person == person), None)

    def _register(self, one: Registration) -> None:
        person = {"name": one.name, "id_number": one.number, "phone": one.phone, "birth_date": one.born}
        patient = {f"patient_{name}": value for name, value in person.items()}
        one.exam = register(self.houses[0], one.patient_id, patient_id=one.patient_id, **patient)

    def _login(self, openid: int) -> Login:
        who = self.openids[openid]
        return Login(uuid.uuid4(), LeadsTo.EXAMS, self.houses[0].wechat.accounts.hash_of(who), who)

    def _address(self) -> str:
        """A new one each time: what an address may do is tested elsewhere."""
        at = uuid.uuid4().bytes
        return f"10.{at[0]}.{at[1]}.{at[2]}"

    def _now(self) -> datetime:
        return self.houses[0].clock.now()
