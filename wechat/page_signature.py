"""The signature that WeChat's script on a page needs. The ticket comes from `tokens`.

Source: developers.weixin.qq.com, "JS-SDK说明文档", appendix 1: SHA-1 over ticket, nonce, time and the page's address.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SignedPage:
    appid: str
    timestamp: int
    nonce: str
    signature: str


def signed_page(appid: str, ticket: str, url: str, now: datetime) -> SignedPage:
    """`url`: the page's own address, without what follows a `#`."""
    timestamp, nonce = int(now.timestamp()), secrets.token_hex(8)
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    signature = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the vendor's algorithm
    return SignedPage(appid, timestamp, nonce, signature)
