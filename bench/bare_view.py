"""The least a Flask view can do: pictures from memory, for whoever asks. What our prepared frames are compared with."""

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
