"""The smallest Flask view: it serves pictures from memory without any check. `frames` compares our frames with it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response


def application(folder: str) -> Flask:
    """Serves `/frames/<k>.jpg` from the files `<k>.jpg` of a folder."""
    pictures = {int(path.stem): path.read_bytes() for path in Path(folder).glob("*.jpg")}
    app = Flask(__name__, static_folder=None)

    @app.get("/frames/<int:k>.jpg")
    def frame(k: int) -> Response:
        return Response(pictures[k], mimetype="image/jpeg")

    return app
