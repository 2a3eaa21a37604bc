"""A guest's pictures and documents: the views of `app/web/patient/images` and `downloads` once more, under /guest.

Every address of those blueprints comes along by itself, a new one too. What a share may not show stays closed by
itself as well: an answer of a kind that cannot be marked, and that nobody named here, is no page (404).
"""

from __future__ import annotations

from flask import Flask, Response, make_response, render_template

from app.services.sharing.marking import PICTURES, marked, marked_batch
from app.web.exam import cut_off
from app.web.guards import guarded_blueprint
from app.web.guest.session import PREFIX, current_guest, shown_to_guest, tail_of_request

PATIENTS, PATIENTS_PREFIX = ("patient_images", "patient_downloads"), "/exams"
AS_THEY_ARE = {
    "manifest": {"application/json"},
    "layer": {"image/png"},
    "series_places": {"application/json"},
    "region": {"application/json"},
    "document": {"application/pdf", "text/html"},
    "images_zip": {"application/zip"},
    "dicom_zip": {"application/zip"},
    "report_pdf": {"application/pdf"},
    "report_version": {"application/json"},
}
"""What a share sends without a mark of its own, with its kinds: it holds no picture (numbers alone tell nothing,
a layer alone shows nobody), its pictures are marked inside, or the patient chose to give it as it is."""
BATCH = "batch"

blueprint = guarded_blueprint("guest_images", __name__, shown_to_guest)


@blueprint.after_request
def _finished(response: Response) -> Response:
    """Mark what a share shows. Runs before `cut_off.watch`, which only hands on."""
    if response.status_code == 200 and current_guest().share_id is not None:
        response = _marked(response)
    return cut_off.watch(response)


def _marked(response: Response) -> Response:
    kind = response.mimetype
    if kind in AS_THEY_ARE.get(tail_of_request(), ()):
        return response
    if kind in PICTURES:
        response.set_data(marked(response.get_data(), kind, current_guest()))
    elif tail_of_request() == BATCH:
        response.set_data(marked_batch(response.get_data(), current_guest()))
    else:
        response.close()
        return make_response(render_template("errors/error.html", status=404), 404)
    return response


def install(app: Flask) -> None:
    """Call it when the patients' blueprints are registered."""
    app.register_blueprint(blueprint)
    for rule in list(app.url_map.iter_rules()):
        room, _, tail = rule.endpoint.rpartition(".")
        if room in PATIENTS:
            app.add_url_rule(
                PREFIX + rule.rule.removeprefix(PATIENTS_PREFIX),
                endpoint=f"{blueprint.name}.{tail}",
                view_func=app.view_functions[rule.endpoint],
                methods=["GET"],
            )
