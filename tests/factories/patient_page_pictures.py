"""What the scripts of the patients' pages ask for, answered with invented frames: pictures, cuts, values, versions. The
pages are in `patient_pages`."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request

from tests.factories.patient_page_frames import (
    NO_PLACE,
    TURNS,
    cut_jpeg,
    frame_values,
    jpeg,
    layer_png,
    oblique_jpeg,
    stored_value,
    tile_jpeg,
    turn_jpeg,
)
from tests.factories.patient_page_values import EXAM_ID

if TYPE_CHECKING:
    from tests.factories.patient_pages import Pages


def add(app: Flask, pages: Pages) -> None:
    """Add the addresses. `pages`: how they answer, as the test turns it."""
    base = f"/exams/{EXAM_ID}"

    def before() -> None:
        pages.requests.append(request.full_path.rstrip("?"))
        time.sleep(pages.delay_s)
        if pages.session_over:
            abort(404)
        if pages.refuse > 0:
            pages.refuse -= 1
            abort(503)

    def frame(n: int, k: int) -> Response:
        before()
        if k in pages.cannot_show:
            abort(422)
        window = (request.args.get("wc", 0, float), request.args.get("ww", 2000, float))
        return Response(jpeg(k, n, *window, request.args.get("size", 1024, int)), mimetype="image/jpeg")

    def batch(n: int) -> Response:
        before()
        first, count, size = (request.args.get(name, 0, int) for name in ("from", "count", "size"))
        step = request.args.get("step", 1, int)
        assert 1 <= count <= 20
        bodies = [
            b"" if k in pages.cannot_show else jpeg(k, n, 0, 2000, size)
            for k in range(first, first + count * step, step)
        ]
        framed = b"".join(struct.pack(">I", len(body)) + body for body in bodies)
        return Response(framed, mimetype="application/octet-stream")

    def cut(n: int, plane: str, k: int) -> Response:
        before()
        assert n == 1
        return Response(cut_jpeg(plane, k, request.args.get("size", 1024, int)), mimetype="image/jpeg")

    def oblique(n: int, plane: str) -> Response:
        before()
        assert n == 1
        turn, mm = request.args["turn"].split(","), request.args.get("mm", type=float)
        assert mm is not None
        jpeg = oblique_jpeg(plane, [float(part) for part in turn], mm, request.args.get("size", 1024, int))
        return Response(jpeg, mimetype="image/jpeg")

    def show_manifest() -> Response:
        before()
        return Response(json.dumps(pages.manifest()), mimetype="application/json")

    app.add_url_rule(f"{base}/series/<int:n>/frames/<int:k>.jpg", "frame", frame)
    app.add_url_rule(f"{base}/series/<int:n>/frames.batch", "batch", batch)
    app.add_url_rule(f"{base}/series/<int:n>/mpr/<plane>/<int:k>.jpg", "cut", cut)
    app.add_url_rule(f"{base}/series/<int:n>/mpr/<plane>/oblique.jpg", "oblique", oblique)
    app.add_url_rule(f"{base}/manifest.json", "manifest", show_manifest)
    _tools(app, pages, before)


def _tools(app: Flask, pages: Pages, before: Callable[[], None]) -> None:
    """What the viewer asks for beside the pictures of its stacks."""
    base = f"/exams/{EXAM_ID}"

    def tile(n: int, k: int, level: int, x: int, y: int) -> Response:
        before()
        return _jpeg_or_404(tile_jpeg(n, level, x, y) if k == 1 else None)

    def turn(n: int, k: int) -> Response:
        before()
        return _jpeg_or_404(turn_jpeg(k, request.args["preset"]) if n == 1 and 1 <= k <= TURNS else None)

    def places(n: int) -> Response:
        before()
        return Response(json.dumps(pages.places.get(n, NO_PLACE)), mimetype="application/json")

    def region(n: int, k: int) -> Response:
        before()
        told = {"pixels": 1000, "mean": stored_value(k, n), "sd": 5.25, "least": -12.0, "greatest": 99.0}
        return Response(json.dumps(told), mimetype="application/json")

    def values(n: int, k: int) -> Response:
        before()
        if pages.no_values or (told := frame_values(k, n)) is None:
            abort(422)
        return Response(told, mimetype="application/octet-stream", headers={"Content-Encoding": "gzip"})

    def priors() -> Response:
        before()
        return Response(json.dumps({"priors": pages.priors}), mimetype="application/json")

    tiles = f"{base}/series/<int:n>/frames/<int:k>/tiles/<int:level>/<int:x>/<int:y>.jpg"
    app.add_url_rule(f"{base}/priors.json", "priors", priors)
    app.add_url_rule(tiles, "tile", tile)
    app.add_url_rule(f"{base}/series/<int:n>/turntable/<int:k>.jpg", "turn", turn)
    app.add_url_rule(f"{base}/series/<int:n>/places.json", "places", places)
    app.add_url_rule(f"{base}/series/<int:n>/frames/<int:k>/region.json", "region", region)
    app.add_url_rule(f"{base}/series/<int:n>/frames/<int:k>/values.bin", "values", values)

    def layer(o: int, n: int, k: int) -> Response:
        before()
        assert n == 1
        return Response(layer_png(k), mimetype="image/png")

    app.add_url_rule(f"{base}/objects/<int:o>/series/<int:n>/frames/<int:k>.png", "layer", layer)

    def report_version() -> dict[str, int]:
        before()
        return {"version": pages.report["version"] if pages.report else 0}

    app.add_url_rule(f"{base}/report-version", "report_version", report_version)


def _jpeg_or_404(picture: bytes | None) -> Response:
    if picture is None:
        abort(404)
    return Response(picture, mimetype="image/jpeg")
