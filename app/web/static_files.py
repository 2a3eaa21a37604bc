"""Serves viewer_static/ under content-hashed, immutable addresses; `static_url` names them in templates."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, send_from_directory

from app.errors import NotFound
from app.web.guards import guarded_blueprint, public

FOLDER = Path(__file__).resolve().parent.parent.parent / "viewer_static"
blueprint = guarded_blueprint("static_files", __name__, public)


@lru_cache(maxsize=1)
def tree_hash() -> str:
    """One hash of the whole folder: modules import each other by relative path, so they get new addresses together."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def static_url(name: str) -> str:
    return f"/static/{tree_hash()}/{name}"


@blueprint.get("/static/<version>/<path:name>")
def static_file(version: str, name: str) -> Response:
    if version != tree_hash():
        raise NotFound
    response = send_from_directory(FOLDER, name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals["static_url"] = static_url
