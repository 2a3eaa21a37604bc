"""Pages of the console's lists in addresses: `<list>.older` and `<list>.newer` hold the key where a page begins.

What a key is: app/services/paging.py. A page may have several lists; each keeps its place while another one is turned.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request

from app.services.paging import LONGEST_KEY, Asked


def asked(listed: str) -> Asked:
    """Where the list of this name is to begin."""
    newer, older = (request.args.get(f"{listed}.{side}", "")[:LONGEST_KEY] for side in ("newer", "older"))
    return Asked(newer=newer, older=older)


def page_address(listed: str, side: str, key: str) -> str:
    """The address of another page of this list; filters and the places of other lists stay."""
    mine = (f"{listed}.newer", f"{listed}.older")
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in mine and value]
    return f"?{urlencode([*kept, (f'{listed}.{side}', key)])}#{listed}"
