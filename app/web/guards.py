"""Default deny: a view runs only after its guard let the request in. Each audience's room decides who is let in.

A guard is a function that returns None or raises a domain error. A blueprint names its guard when it is made; a view
may name another one. A view without a guard gets 404, and a contract test names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app, request
from flask.sansio.blueprints import Blueprint as SansioBlueprint

from app.errors import NotFound

Guard = Callable[[], None]
View = TypeVar("View", bound=Callable[..., Any])

_GUARD = "_cloudfilm_guard"


def public() -> None:
    """Lets everyone in. For pages that name nobody, and views that check a code themselves."""


def guarded_blueprint(name: str, import_name: str, guard: Guard, **options: Any) -> Blueprint:
    """A blueprint. Its views need `guard`, except those that name their own."""
    blueprint = Blueprint(name, import_name, **options)
    guard_blueprint(blueprint, guard)
    return blueprint


def guard_blueprint(blueprint: SansioBlueprint, guard: Guard) -> None:
    """Name the guard of a blueprint that a library made."""
    setattr(blueprint, _GUARD, guard)


def guarded(guard: Guard) -> Callable[[View], View]:
    """Name the guard of one view, in place of its blueprint's."""

    def mark(view: View) -> View:
        setattr(view, _GUARD, guard)
        return view

    return mark


def guard_of(app: Flask, endpoint: str) -> Guard | None:
    """The guard that protects an endpoint, or None when it has no guard."""
    own: Guard | None = getattr(app.view_functions[endpoint], _GUARD, None)
    if own is not None:
        return own
    blueprint = app.blueprints.get(endpoint.rpartition(".")[0])
    inherited: Guard | None = getattr(blueprint, _GUARD, None)
    return inherited


def install(app: Flask) -> None:
    app.before_request(_check)


def _check() -> None:
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound  # Werkzeug drops all leading slashes but one, and would serve another page than was asked for
    if request.endpoint is None:
        return  # no such route: Flask answers 404 or 405 itself
    guard = guard_of(current_app, request.endpoint)
    if guard is None:
        raise NotFound
    guard()
