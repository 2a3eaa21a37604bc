"""What the simulated WeChat answers when it refuses: errcodes with the texts that WeChat documents.

Source: developers.weixin.qq.com, "全局返回码说明", and the error tables of each interface.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

TEXTS: dict[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40029: "invalid code",
    40037: "invalid template_id",
    40066: "invalid url",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40201: "invalid callback url",
    40202: "invalid action",
    40203: "invalid check_operator",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    43117: "too many messages to one user",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48006: "forbid to clear quota because of reaching the limit",
    76003: "invalid cgi_path",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
}


class ApiFault(Exception):
    """WeChat refuses a call; `detail` is added to the text of the errcode."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        self.errcode, self.detail = errcode, detail
        super().__init__(f"{errcode}")


def refusal(fault: ApiFault) -> dict[str, Any]:
    """The JSON of a refusal. HTTP's status stays 200; `rid` names the call in `openapi/rid/get`."""
    text = " ".join(word for word in (TEXTS.get(fault.errcode, "unknown error"), fault.detail) if word)
    return {"errcode": fault.errcode, "errmsg": f"{text} rid: {new_rid()}"}


def new_rid() -> str:
    """Three groups of eight hexadecimal digits, as WeChat prints them."""
    word = uuid4().hex
    return f"{word[:8]}-{word[8:16]}-{word[16:24]}"
