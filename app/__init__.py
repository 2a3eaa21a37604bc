"""CloudFilm: patient access to radiology images and reports. Here: the application factory, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from app import bootstrap, cli, logs, web
from app.bootstrap import Services
from app.config import Settings


class Application(Flask):
    """Flask, with views and hooks that are never coroutines."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is. Flask asks each time what kind of function it calls: six times for each picture."""
        return func


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The web application. Raises SettingsError, naming every fault, before anything is opened."""
    app = Application(__name__, static_folder=None, template_folder="../templates")
    with cli.told_plainly():
        settings = settings or Settings.from_env()
        logs.configure(settings.log_level)
        app.extensions["cloudfilm"] = services or bootstrap.build(settings)
    web.register(app)
    cli.register(app)
    return app
