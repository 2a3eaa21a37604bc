"""The addresses of a ticket, `/t/<ticket>` of patients and `/t/g/<ticket>` of guests: WeChat's pages bear one, so that
在浏览器打开 leads to the exam in the system's browser. Whose ticket it is, each side says by a `TicketDoor`.

A GET uses nothing up, because link scanners fetch everything; the POST of its button does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.errors import AccessRefused
from app.web.exam.saving import FILES
from app.web.exam.wechat_view import wechat_view

PAGES = ("", "viewer", *FILES)
"""What a ticket leads to: the exam's page, or one under it."""


@dataclass(frozen=True, kw_only=True)
class TicketDoor:
    """One side's tickets. `open_here`: the address under which this browser has the ticket's exam open, or None.
    `redeem`: begins the session of a ticket; its address, and what sets its cookie. It raises AccessRefused."""

    prefix: str
    is_guest: bool
    open_here: Callable[[str], str | None]
    redeem: Callable[[str], tuple[str, Callable[[Response], Response]]]

    def install(self, blueprint: Blueprint) -> None:
        for page in PAGES:
            rule, which = self.address("<ticket>", page), {"page": page}
            blueprint.add_url_rule(rule, "ticket_page", self.ticket_page, methods=["GET"], defaults=which)
            blueprint.add_url_rule(rule, "open_by_ticket", self.open_by_ticket, methods=["POST"], defaults=which)

    def address(self, ticket: str, page: str) -> str:
        return _under(f"{self.prefix}/{ticket}", page)

    def address_for_wechat(self, issue: Callable[[], str | None], page: str) -> str:
        """The address that a page shows in WeChat; empty in other browsers, and where `issue` gives no ticket."""
        if wechat_view(request.headers.get("User-Agent", "")) is None:
            return ""
        ticket = issue()
        return self.address(ticket, page) if ticket else ""

    def ticket_page(self, ticket: str, page: str) -> Response:
        """In a browser that has the exam open (a page that was loaded again) it leads there."""
        return self._already_open(ticket, page) or self._page(page, is_over=False)

    def open_by_ticket(self, ticket: str, page: str) -> Response:
        if (response := self._already_open(ticket, page)) is not None:
            return response
        try:
            base, begin = self.redeem(ticket)
        except AccessRefused:
            return self._page(page, is_over=True)
        return begin(make_response(redirect(_under(base, page), 303)))

    def _already_open(self, ticket: str, page: str) -> Response | None:
        base = self.open_here(ticket)
        return None if base is None else make_response(redirect(_under(base, page), 303))

    def _page(self, page: str, *, is_over: bool) -> Response:
        template = render_template("patient/ticket.html", is_over=is_over, page=page, is_guest=self.is_guest)
        return make_response(template, 403 if is_over else 200)


def _under(base: str, page: str) -> str:
    return f"{base}/{page}".rstrip("/")
