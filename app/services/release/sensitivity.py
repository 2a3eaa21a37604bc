"""Sensitive results: exams that a rule keeps from their patients until somebody at the desk releases them by hand.

A doctor tells such a result in person first. Rules look at what an exam and its report say, and are edited in the
console; a rule counts for what comes after it. The hold itself is in `holds`. Why: docs/adr/0025.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import Exam, SensitiveRule
from app.models.states import SensitiveRuleKind
from app.repos.release import sensitive_rules as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import rule_subject
from app.services.release.holds import Holds

LONGEST_PATTERN = 64
MOST_RULES = 200
KINDS = tuple(SensitiveRuleKind)
"""The values that a form may take."""


@dataclass(frozen=True)
class ReportTexts:
    """What a readable report says. `version`: of the report. `critical`: the RIS marks a critical value."""

    version: int
    texts: tuple[str, ...]
    critical: bool


@dataclass(frozen=True)
class RuleView:
    """`pattern`: empty for a kind without one."""

    id: uuid.UUID
    kind: str
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Decides which results wait. Raises InvalidInput, Conflict, NotFound."""

    db: Database
    clock: Clock
    audit: Audit
    holds: Holds

    def judge(self, session: Session, exam: Exam, report: ReportTexts | None) -> None:
        """Hold the exam when a rule fits. Inside the caller's transaction, which holds the exam's row.

        An exam that was released by hand waits again only for a later report in which a rule fits.
        """
        released = exam.sensitive_released_version
        is_news = released is None or (report is not None and report.version > released)
        if exam.sensitive_at is not None or not is_news:
            return
        rules = repo.live(session)
        if released is not None:
            rules = [rule for rule in rules if rule.kind != SensitiveRuleKind.EXAM]
        if any(_fits(rule, exam, report) for rule in rules):
            exam.sensitive_at = self.clock.now()
            self.holds.is_sensitive(session, exam)

    def rules(self) -> list[RuleView]:
        with self.db.read() as session:
            return [RuleView(row.id, row.kind, row.pattern or "") for row in repo.live(session)]

    def add(self, kind: str, pattern: str, actor: str) -> None:
        """Raises InvalidInput (kind, pattern), and Conflict when there is such a rule, or as many as there may be."""
        if kind not in KINDS:
            raise InvalidInput("kind", "is no kind of rule")
        wanted = None if kind == SensitiveRuleKind.CRITICAL else _pattern(pattern)
        with self.db.session() as session:
            live = repo.live(session)
            if len(live) >= MOST_RULES or any((row.kind, row.pattern) == (kind, wanted) for row in live):
                raise Conflict("there is such a rule, or too many")
            row = SensitiveRule(id=uuid.uuid4(), kind=kind, pattern=wanted, created_at=self.clock.now())
            repo.add(session, row)
            self.audit.record(
                session,
                Action.SENSITIVE_RULE_ADDED,
                actor=actor,
                subject=rule_subject(row.id),
                kind=kind,
                text=wanted or "",
            )

    def end(self, rule_id: uuid.UUID, actor: str) -> None:
        """What it holds stays held. Raises NotFound."""
        with self.db.session() as session:
            if not repo.end(session, rule_id, self.clock.now()):
                raise NotFound
            self.audit.record(session, Action.SENSITIVE_RULE_ENDED, actor=actor, subject=rule_subject(rule_id))


def _pattern(typed: str) -> str:
    """Raises InvalidInput."""
    pattern = " ".join(typed.split())
    if not 0 < len(pattern) <= LONGEST_PATTERN:
        raise InvalidInput("pattern", f"must be 1 to {LONGEST_PATTERN} characters")
    return pattern


def _fits(rule: SensitiveRule, exam: Exam, report: ReportTexts | None) -> bool:
    if rule.pattern is None:
        return report is not None and report.critical
    if rule.kind == SensitiveRuleKind.EXAM:
        return all(_is_of(word, exam) for word in rule.pattern.split())
    return report is not None and any(_squeezed(rule.pattern) in _squeezed(text) for text in report.texts)


def _is_of(word: str, exam: Exam) -> bool:
    """A word of a rule is the modality, or stands in the body part or the department."""
    folded = word.casefold()
    return folded == exam.modality.casefold() or any(
        folded in text.casefold() for text in (exam.body_part, exam.department)
    )


def _squeezed(text: str) -> str:
    """Doctors and word processors put spaces and line ends between characters."""
    return "".join(text.split()).casefold()
