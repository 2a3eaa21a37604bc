"""The real application, with views that fail as no view of ours should, and one that tells who asked."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, request

from app import create_app
from app.web.guards import guarded, public

application = create_app()


@application.get("/break/<code>")
@guarded(public)
def break_at_once(code: str) -> str:
    raise ValueError(f"{code} {request.args}")


@application.post("/break/<code>")
@guarded(public)
def break_on_the_way(code: str) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"so far so good"
        raise ValueError(f"{code} {said}")  # escapes Flask: the server's own log tells of it

    said = request.form.to_dict()
    return Response(pieces())


@application.get("/who")
@guarded(public)
def who() -> str:
    return request.remote_addr or ""
