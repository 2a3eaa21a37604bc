"""Addresses at which somebody without a session may post a form, as the map of routes has them."""

from __future__ import annotations

import re

from flask import Flask

from app.web.guards import guard_of, public


def posts_of_strangers(app: Flask) -> list[str]:
    """Paths with X in place of each part that is chosen. Carriers and WeChat post by a guard of their own."""
    found = set()
    for rule in app.url_map.iter_rules():
        is_open = guard_of(app, rule.endpoint) is public and not rule.rule.startswith("/demo/")
        if is_open and "POST" in (rule.methods or ()):
            found.add(re.sub(r"<[^>]+>", "X", rule.rule))
    return sorted(found)
