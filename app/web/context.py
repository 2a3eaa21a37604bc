"""Gives a view the services of its application. No logic."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from app.bootstrap import Services


def services() -> Services:
    return cast("Services", current_app.extensions["cloudfilm"])
