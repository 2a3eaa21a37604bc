"""A browser's page with the session of a patient or a guest. No measuring."""

from __future__ import annotations

from playwright.sync_api import Page

PATIENCE_MS = 120_000


def signed_in(page: Page, base: str, cookies: str) -> Page:
    """The page with the Cookie header of a session."""
    named = (cookie.split("=", 1) for cookie in cookies.split("; "))
    page.context.add_cookies([{"name": name, "value": value, "url": base} for name, value in named])
    return page
