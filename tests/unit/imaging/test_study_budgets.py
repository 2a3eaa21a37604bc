"""The time that stored headers of one study may take: shared by all its headers, and by nobody else's."""

from __future__ import annotations

from app.imaging.sandbox.study_budgets import BUDGET_S, EARNED_S, MOST_STUDIES, RENEWED_S, StudyBudgets


def test_headers_of_one_study_share_a_time_and_those_of_another_do_not() -> None:
    budgets = StudyBudgets()
    budgets.of("1.2").used_s += BUDGET_S + 1
    assert budgets.of("1.2").is_spent
    assert not budgets.of("1.3").is_spent


def test_a_large_study_of_ordinary_headers_never_ends() -> None:
    budgets = StudyBudgets()
    for _ in range(20_000):
        account = budgets.of("1.2")
        assert not account.is_spent
        account.used_s += EARNED_S / 2


def test_slow_headers_get_a_bounded_time_however_many_they_are() -> None:
    budgets, used = StudyBudgets(), 0.0
    for _ in range(1000):
        account = budgets.of("1.2")
        if not account.is_spent:
            account.used_s += 20
            used += 20
    assert used <= BUDGET_S + 20 + 1000 * EARNED_S


def test_after_ten_minutes_the_study_gets_a_new_time() -> None:
    now = 0.0
    budgets = StudyBudgets(lambda: now)
    budgets.of("1.2").used_s += 2 * BUDGET_S
    now = RENEWED_S - 1
    assert budgets.of("1.2").is_spent
    now = RENEWED_S
    assert not budgets.of("1.2").is_spent


def test_headers_of_no_named_study_do_not_share() -> None:
    budgets = StudyBudgets()
    budgets.of("").used_s += 2 * BUDGET_S
    assert not budgets.of("").is_spent


def test_the_studies_that_are_remembered_are_bounded() -> None:
    budgets = StudyBudgets()
    for number in range(3 * MOST_STUDIES):
        budgets.of(f"1.{number}")
    assert len(budgets._accounts) == MOST_STUDIES
