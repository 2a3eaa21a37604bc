"""Works off what follows from a start of the demo: each new study's patient gets the notice and the text message at
once, without the hours in which a notice may be opened."""

from __future__ import annotations

from datetime import datetime

from app.bootstrap import Services

MOST_ROUNDS = 2000


def tell_at_once(services: Services, since: datetime | None) -> None:
    """`since`: news that began before went its way already; None when the demo never started to its end."""
    work_off(services)
    telling = services.notifications.telling
    for _ in range(MOST_ROUNDS):
        if not telling.go_on_due(services.clock.now() + telling.plan.unopened_for, since):
            break
    work_off(services)


def work_off(services: Services) -> None:
    for _ in range(MOST_ROUNDS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break
