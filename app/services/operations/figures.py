"""Counts for monitoring: waiting jobs, messages, studies, quarantined objects, held exams. They name no patient.
/metrics is in app/web/ops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.database import Database
from app.repos.notifications.funnel import ChannelCounts
from app.repos.operations import figures as repo
from app.services.operations.delivery_funnel import Bill, DeliveryFunnel


@dataclass(frozen=True)
class Figure:
    """One gauge. `labels` names the parts of each key in `values`."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], int]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Decides nothing: it tells counts for /metrics. It raises nothing of its own."""

    db: Database
    funnel: DeliveryFunnel

    def now(self) -> Iterator[Figure]:
        """The figures of the database at this moment. Every process gives the same figures."""
        with self.db.read() as session:
            yield Figure("cloudfilm_jobs", "Jobs not done", ("kind", "state"), repo.jobs(session))
            yield Figure("cloudfilm_messages", "Messages", ("channel", "state"), repo.kept(session, repo.MESSAGES))
            yield from _told(self.funnel.last_days())
            yield from _billed(self.funnel.bill())
            yield Figure("cloudfilm_studies", "Studies", ("state", "match"), repo.kept(session, repo.STUDIES))
            quarantined = sum(repo.kept(session, repo.QUARANTINED).values())
            yield Figure("cloudfilm_quarantined_objects", "Objects kept apart", (), {(): quarantined})
            yield Figure("cloudfilm_held_exams", "Exams nobody may see now", (), {(): repo.held_exams(session)})


def _told(found: Sequence[ChannelCounts]) -> Iterator[Figure]:
    steps: dict[tuple[str, ...], int] = {
        (one.channel, step): count for one in found for step, count in one.steps.items()
    }
    yield Figure("cloudfilm_news", "News of the last 30 days, by how far it came", ("channel", "step"), steps)
    segments: dict[tuple[str, ...], int] = {(one.channel,): one.segments for one in found}
    yield Figure("cloudfilm_news_segments", "What carriers charge for news of the last 30 days", ("channel",), segments)


def _billed(bill: Bill) -> Iterator[Figure]:
    parts: dict[tuple[str, ...], int] = {("news",): bill.news, ("codes",): bill.codes}
    yield Figure("cloudfilm_segments", "Segments that carriers charge for, of the last 30 days", ("of",), parts)
    if bill.fen is not None:
        yield Figure("cloudfilm_segments_fen", "What they cost, in fen", (), {(): bill.fen})
