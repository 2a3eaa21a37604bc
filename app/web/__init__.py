"""HTTP: guards, headers, error answers, and views for each audience. No SQL; services decide."""

from __future__ import annotations

from flask import Flask

from app.web import downloads, error_pages, guards, origins, staff, static_files
from app.web.exam import cut_off, places
from app.web.guest import doors, pages, tails
from app.web.guest import tickets as guest_tickets
from app.web.hooks import sms
from app.web.hooks import wechat as wechat_hook
from app.web.machine.dicomweb import bulk_data, capabilities, cross_origin, qido, rendered, stow, wado, wado_metadata
from app.web.machine.ris import completion
from app.web.machine.ris import exams as ris
from app.web.ops import front_door, ops
from app.web.patient import (
    binding,
    consent,
    entry,
    exam_list,
    exams,
    family,
    helper,
    looks,
    my_information,
    notify,
    objects,
    phone_door,
    reading,
    saving,
    sharing,
    tickets,
    wechat,
)
from app.web.patient import downloads as patient_downloads
from app.web.wsgi import arrival, headers, hosts, proxies, request_log


def register(app: Flask) -> None:
    """Install everything that answers HTTP. Each WSGI layer wraps the layers that were installed before it, so
    `arrival` is the outermost; hooks run in the order of installation."""
    # A redirect to the path with single slashes would repeat a code, under a host name that the client chose.
    app.url_map.merge_slashes = False
    static_files.install(app)
    proxies.install(app)
    hosts.install(app)
    request_log.install(app)
    headers.install(app)
    origins.install(app)
    cross_origin.install(app)
    guards.install(app)
    error_pages.install(app)
    arrival.install(app)
    ops.install(app)
    downloads.install(app)
    places.install(app)
    stow.install(app)
    cut_off.install(app)
    app.jinja_env.globals["hospital_name"] = app.extensions["cloudfilm"].settings.hospital_name
    for room in (
        front_door,
        entry,
        phone_door,
        wechat,
        binding,
        tickets,
        exam_list,
        exams,
        objects,  # and images: one blueprint
        patient_downloads,
        saving,
        consent,
        family,
        helper,
        looks,
        my_information,
        notify,
        sharing,
        doors,
        guest_tickets,
        pages,
        ris,
        completion,
        stow,
        qido,
        wado,
        wado_metadata,
        bulk_data,
        capabilities,
        rendered,
        sms,
        wechat_hook,
    ):
        app.register_blueprint(room.blueprint)
    reading.install(app)
    tails.install(app)
    staff.install(app)
