"""A whole application on a folder of its own, with tokens, for tests of the machines' doors."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from app import create_app
from app.bootstrap import Services, build
from app.config import NEWS_AT_ONCE, Settings
from tests.factories import database


def door_settings(folder: Path, **more: str) -> Settings:
    environ = {
        "CLOUDFILM_PROFILE": "demo",
        "CLOUDFILM_CONSENT": "elsewhere",
        "CLOUDFILM_VAR_DIR": str(folder / "var"),
        "DICOM_PORT": "0",
        **NEWS_AT_ONCE,
        "CLOUDFILM_DATABASE_URL": database.address(folder),
    }
    return Settings.from_env(environ | {f"CLOUDFILM_{name.upper()}": value for name, value in more.items()})


def door_app(folder: Path, **more: str) -> tuple[Flask, Services]:
    settings = door_settings(folder, **more)
    services = build(settings)
    return create_app(settings, services), services


def bearer(services: Services, *scopes: str) -> dict[str, str]:
    token = services.machines.tokens.create("test " + " ".join(scopes), set(scopes), actor="test")
    return {"Authorization": f"Bearer {token}"}
