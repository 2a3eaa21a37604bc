"""Asks the servers through the front door, like a patient's phone, which client address they see; explains the answer.

The request has a forged X-Forwarded-For. If the servers believe it, anybody can pretend to have an address of staff. A
front door that does not answer is no fault: the settings may be checked before the servers start. The pass of the
request is in app/security/front_door.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.bootstrap import Services
from app.config import Settings
from app.security.addresses import Group, address_of
from app.security.front_door import PASS_HEADER, PASS_S, PATH

SILENCE_S, ALTOGETHER_S, LONGEST = 3.0, 8.0, 4096
FORGED = "192.0.2.1"  # nobody has this address: RFC 5737
_FORGED_ENTRIES = ", ".join([FORGED] * 8)  # the settings allow at most as many proxies


@dataclass(frozen=True)
class Finding:
    """A line for the operator."""

    text: str
    is_fault: bool = False


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    asked_from: str
    """The address of our end of the connection. The first proxy sees it, unless the network translates addresses."""


def look(services: Services) -> Finding:
    """Ask and judge. Never raises: when the request fails, the finding is a note."""
    url, secret = services.settings.base_url, services.door_pass.issue(services.clock.now())
    try:
        answer = _within(ALTOGETHER_S, lambda: _ask(url, secret))
    except Exception as error:
        return _unchecked(url, f"does not answer ({type(error).__name__})")
    return judge(services.settings, answer)


def judge(settings: Settings, answer: Answer) -> Finding:
    url = settings.base_url
    if answer.status not in (200, 404):
        return _unchecked(url, f"answers with status {answer.status}")
    told = _told(answer)
    if told is None:
        other = f"other keys, another release, or a clock more than {PASS_S} seconds off"
        return _fault("CLOUDFILM_BASE_URL", f"what answers at {url} is not this installation ({other})")
    address, reason = told
    if not address:
        return _fault("CLOUDFILM_TRUSTED_PROXIES", f"through {url} it is unknown who asks: {reason}")
    if address == FORGED:
        more = "it counts one proxy too many, or a proxy passes the header on instead of setting it"
        return _fault("CLOUDFILM_TRUSTED_PROXIES", f"through {url} anybody may choose an address: {more}")
    return _seen(settings, address, answer.asked_from)


def _seen(settings: Settings, address: str, asked_from: str) -> Finding:
    own, url = Group(settings.proxy_addresses), settings.base_url
    text = f"the front door at {url} sees this machine as {address}"
    if address != asked_from:
        text += f" (it connected from {asked_from})"
    if not own.holds(address):
        return Finding(text)
    if own.holds(asked_from):
        return Finding(f"{text}, one of the proxies' own addresses: whether it tells others apart was not checked")
    more = "there is one proxy more than it counts"
    return _fault("CLOUDFILM_TRUSTED_PROXIES", f"through {url} people have a proxy's own address ({address}): {more}")


def _told(answer: Answer) -> tuple[str, str] | None:
    """Address and reason in the answer of our application; None when another program answered."""
    if answer.status != 200:
        return None
    try:
        said = json.loads(answer.body)
        address, reason = said["address"], str(said["unknown_because"])
        return str(address_of(address)) if address else "", reason if reason.isprintable() else ""
    except (ValueError, KeyError, TypeError):
        return None


def _ask(url: str, secret: str) -> Answer:
    """Send one request. On purpose it uses no proxy of the environment and follows no redirect. TLS is verified with
    the machine's certificate authorities, or those in SSL_CERT_FILE."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SILENCE_S)
    try:
        connection.connect()
        asked_from = str(address_of(connection.sock.getsockname()[0]))
        headers = {PASS_HEADER: secret, "X-Forwarded-For": _FORGED_ENTRIES, "Connection": "close"}
        connection.request("GET", parts.path + PATH, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(LONGEST), asked_from)
    finally:
        connection.close()


def _within(seconds: float, work: Callable[[], Answer]) -> Answer:
    """Run `work` with a time limit: a look-up of a host name has none. Raises TimeoutError, and errors of `work`."""
    done: list[Answer | Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            done.append(error)

    thread = threading.Thread(target=run, name="front door", daemon=True)
    thread.start()
    thread.join(seconds)
    found = done[0] if done else TimeoutError()
    if isinstance(found, Exception):
        raise found
    return found


def _fault(variable: str, text: str) -> Finding:
    return Finding(f"{variable}: {text}", is_fault=True)


def _unchecked(url: str, why: str) -> Finding:
    return Finding(f"NOTE: the front door at {url} {why}: what address it sees was not checked")
