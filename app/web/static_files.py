"""Serves viewer_static/ under content-hashed, immutable addresses; `static_url` names them in templates. Pages of views
are not served here.

The files are read only once, at the start. So an attacker who can write to the folder later cannot serve anything.
Symbolic links are ignored. Scripts and style sheets are sent without comments and spare blanks, and in gzip: a quarter
of their bytes. They hold no secret that the length of a compressed answer could tell. The viewer's style sheet stands
in its page, because on a slow line the first picture must not wait for another answer.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import rcssmin
import rjsmin
from flask import Flask, Response, current_app, request
from markupsafe import Markup

from app.errors import NotFound
from app.web import viewer_bundles
from app.web.guards import guarded_blueprint, public

FOLDER = Path(__file__).resolve().parent.parent.parent / "viewer_static"
blueprint = guarded_blueprint("static_files", __name__, public)
_READ = "cloudfilm.static-files"
VIEWER_STYLE = "viewer.css"
_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""Fixed here, because the tables of machines differ, and a browser runs a script only with the right type."""
_SMALLER: Mapping[str, Callable[[bytes], bytes]] = {
    ".css": lambda written: rcssmin.cssmin(written.decode()).encode(),
    ".js": lambda written: rjsmin.jsmin(written.decode()).encode(),
}


@dataclass(frozen=True)
class StaticFile:
    """The answer of one address."""

    content: bytes
    content_type: str
    etag: str
    in_gzip: bytes | None
    """None for pictures, which would not become smaller."""


@dataclass(frozen=True)
class StaticFiles:
    """All files by name, and the one hash in all their addresses. Modules import each other by relative path, so they
    must get new addresses together."""

    by_name: Mapping[str, StaticFile]
    tree_hash: str

    def url(self, name: str) -> str:
        return f"/static/{self.tree_hash}/{name}"


def read(folder: Path) -> StaticFiles:
    """The regular files under `folder`, and the viewer's two bundles. Folders behind a symbolic link are left out.
    Raises OSError, and ValueError for modules that make no bundle."""
    digest, by_name = hashlib.sha256(), {}
    contents = dict(_contents(folder))
    modules = {name: text.decode() for name, text in contents.items() if name.startswith("viewer/")}
    if viewer_bundles.TOOLS_ENTRY in modules:
        contents |= {name: text.encode() for name, text in viewer_bundles.bundles(modules).items()}
    for name, written in sorted(contents.items()):
        content = _SMALLER.get(Path(name).suffix, bytes)(written)
        digest.update(name.encode() + b"\0" + content)
        kind = _CONTENT_TYPES.get(Path(name).suffix, "application/octet-stream")
        in_gzip = gzip.compress(content, mtime=0) if Path(name).suffix in _SMALLER else None
        by_name[name] = StaticFile(content, kind, hashlib.sha256(content).hexdigest()[:32], in_gzip)
    return StaticFiles(by_name, digest.hexdigest()[:12])


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for place, _, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in names:
            if not stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
                continue
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor)
            with os.fdopen(opened, "rb") as file:
                yield (Path(place) / name).relative_to(folder).as_posix(), file.read()


@blueprint.get("/static/<version>/<path:name>")
def static_file(version: str, name: str) -> Response:
    files: StaticFiles = current_app.extensions[_READ]
    found = files.by_name.get(name)
    if version != files.tree_hash or found is None:
        raise NotFound
    is_small = found.in_gzip is not None and request.accept_encodings["gzip"] > 0
    content = found.in_gzip if is_small and found.in_gzip else found.content
    response = Response(content, content_type=found.content_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if found.in_gzip is not None:
        response.vary.add("Accept-Encoding")
    if is_small:
        response.content_encoding = "gzip"
    response.set_etag(found.etag + ("-gzip" if is_small else ""))
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response


def install(app: Flask, folder: Path = FOLDER) -> None:
    files = app.extensions[_READ] = read(folder)
    app.register_blueprint(blueprint)
    app.jinja_env.globals["static_url"] = files.url
    app.jinja_env.globals["viewer_style"] = lambda: Markup(viewer_style(app))  # noqa: S704 - a file of ours


def viewer_style(app: Flask) -> str:
    """The viewer's style sheet as it stands in its page. The application must be installed."""
    files: StaticFiles = app.extensions[_READ]
    return files.by_name[VIEWER_STYLE].content.decode()
