"""Who is counted when a request takes a place for slow work: a token or an exam, and the client's address. Places
themselves are in `wsgi/thread_places`."""

from __future__ import annotations

from flask import request

from app.security.addresses import address_of, network_of
from app.web.context import services
from app.web.wsgi.thread_places import Places


def of_caller(places: Places, who: str) -> dict[str, int]:
    """Who is counted, and how many places each may have: all but one, so that no caller shuts out the others. An
    address that many people share is not counted."""
    most = places.for_one
    address = request.remote_addr or ""
    if services().settings.shared_group.holds(address):
        return {who: most}
    network = network_of(address_of(address)) if address else "unknown"
    return {who: most, f"address:{network}": most}
