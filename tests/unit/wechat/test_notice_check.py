"""Every morning our notices are compared with the templates of the account, once for all workers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app import bootstrap
from app.bootstrap import Services
from app.errors import NotAnswered, NoticesDiffer
from tests.factories.house import clock_of, services
from tests.factories.telling import sweep
from wechat.errors import error_of
from wechat.set_up import Finding, Result, Step

DAY = 86_400


def checks(house: Services) -> int:
    """How many looks at the templates were due, and are done now."""
    done = 0
    while house.worker.run_job("check_notices"):
        done += 1
    return done


def test_the_templates_are_looked_at_once_a_day_by_one_of_the_workers(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    other = bootstrap.build(house.settings, clock_of(house))
    for expected in (1, 1, 1):
        sweep(house)
        sweep(other)
        assert checks(house) + checks(other) == expected
        sweep(house, seconds=DAY / 2)
        assert checks(house) == 0
        clock_of(house).advance(DAY / 2)


def test_without_notices_nothing_is_looked_at(tmp_path: Path) -> None:
    house = services(tmp_path)
    sweep(house)
    assert checks(house) == 0


def test_a_template_that_is_missing_fails_the_job_and_so_the_console_shows_it(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    missing = Finding(Step.TEMPLATES, Result.TEMPLATE_MISSING, "ready")
    check = replace(house.worker.work.notice_check, look=lambda: [missing])
    with pytest.raises(NoticesDiffer, match="ready"):
        check.check()

    def no_answer() -> list[Finding]:
        raise error_of(40164)

    with pytest.raises(NotAnswered, match="40164"):
        replace(check, look=no_answer).check()
