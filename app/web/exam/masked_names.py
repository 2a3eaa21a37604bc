"""Patients' names as their own pages show them."""

from __future__ import annotations

MOST_STARS = 3


def masked(name: str) -> str:
    """The family still recognises the name; a stranger who looks over the shoulder does not read it."""
    if len(name) < 3:
        return name[:1] + "*"
    return name[0] + "*" * min(len(name) - 2, MOST_STARS) + name[-1]
