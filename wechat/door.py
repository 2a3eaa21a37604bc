"""The one HTTP door to WeChat: time-outs, and every way to fail as an exception that says its cause.

Addresses hold the secret and tokens, and `requests` prints addresses: so its exceptions never leave this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from wechat.errors import WechatRetryLater, WechatUnknown, error_of

TIMEOUT_S = (3.0, 10.0)
"""To connect, and to wait for an answer."""
_RID = re.compile(r"rid: ([0-9a-f-]{8,40})")
_ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")


@dataclass(frozen=True)
class Door:
    """`base_url`: https://api.weixin.qq.com, or a simulator. One session per process: `requests` pools connections."""

    base_url: str
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def get(self, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON of a GET. Raises CallError."""
        return self._call("GET", path, query, None, headers)

    def post(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of a POST; text goes as it is, because WeChat shows \\u escapes to followers. Raises CallError."""
        return self._call("POST", path, query, json.dumps(body, ensure_ascii=False).encode(), None)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        try:
            answer = self.session.request(
                method,
                self.base_url + path,
                params=query,
                data=body,
                headers={**({"Content-Type": "application/json"} if body else {}), **(headers or {})},
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.ConnectTimeout:
            raise WechatRetryLater(0, "no connection") from None
        except requests.ConnectionError as error:
            raise _lost(error) from None
        except requests.RequestException:
            raise WechatUnknown(0, "no answer") from None
        return _read(answer)


def _lost(error: requests.ConnectionError) -> WechatRetryLater | WechatUnknown:
    """A connection that was never made says that nothing was done; one that broke says nothing."""
    cause = error.args[0] if error.args else None
    never_made = type(getattr(cause, "reason", None)).__name__ in ("NewConnectionError", "NameResolutionError")
    return WechatRetryLater(0, "no connection") if never_made else WechatUnknown(0, "no answer")


def _read(answer: requests.Response) -> dict[str, Any]:
    """A page of a proxy is no answer of WeChat: whether WeChat did it, nobody knows."""
    try:
        told = json.loads(answer.content.decode("utf-8", "replace"), strict=False)
    except ValueError:
        told = None
    if not isinstance(told, dict) or answer.status_code != 200:
        raise WechatUnknown(0, "not an answer of WeChat")
    try:
        code = int(told.get("errcode", 0))
    except (TypeError, ValueError):
        raise WechatUnknown(0, "not an answer of WeChat") from None
    if code:
        text = str(told.get("errmsg", ""))
        rid, address = _RID.search(text), _ADDRESS.search(text) if code == 40164 else None
        raise error_of(code, rid[1] if rid else "", address[1] if address else "")
    return told
