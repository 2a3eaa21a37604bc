"""Whether a network fault left the message unsent. Only a connection that was never made carried no request."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError


def was_never_made(fault: BaseException | None) -> bool:
    """Of a fault of `requests`: no connection was made, so no request was sent. Any other fault may follow one."""
    reason = getattr(fault.args[0], "reason", None) if fault is not None and fault.args else None
    reason = getattr(reason, "original_error", reason)  # of a proxy that could not be reached
    return isinstance(fault, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError)
