"""`/control`: for whoever plays the world: reads what phones got, orders faults. No carrier has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sms.phone import parts
from sms.simulator import faults
from sms.simulator.inbox import transaction


def answer(path: Path, method: str, control: str, query: Mapping[str, str], body: bytes) -> tuple[int, Any]:
    """Status and document. A wrong order is 400 and says what is wrong."""
    try:
        if (method, control) == ("GET", "/control/messages"):
            return 200, messages(path, query.get("phone"))
        if (method, control) == ("POST", "/control/faults"):
            given = json.loads(body)
            ordered = faults.order(path, str(given["path"]), str(given["kind"]), int(given.get("times", 1)))
            return 200, {"faults": ordered}
    except (KeyError, ValueError, TypeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}
    return 404, {"error": "no such control"}


def messages(path: Path, phone: str | None) -> list[dict[str, Any]]:
    """`[{phone, text, at, state}]` of a national number, or of all, newest last. `at`: epoch seconds; `state`: accepted
    (nothing is reported), delivered or failed."""
    with transaction(path) as connection:
        rows = connection.execute("SELECT * FROM submission WHERE text != '' ORDER BY rowid").fetchall()
    return [
        {
            "phone": parts(row["phone"])[1],
            "text": row["text"],
            "at": datetime.fromisoformat(row["at"]).timestamp(),
            "state": _state(row["receipt"]),
        }
        for row in rows
        if phone in (None, parts(row["phone"])[1])
    ]


def _state(receipt: str | None) -> str:
    if receipt is None:
        return "accepted"
    return "delivered" if receipt.startswith("SUCCESS") else "failed"
