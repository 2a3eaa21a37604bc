"""What must never stand in a log: invented personal data and secrets of every kind, as hypothesis strategies."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date

import jwt
from hypothesis import strategies as st

from app.security.codes import PICKUP_ALPHABET

_BASE32 = string.ascii_uppercase + "234567"
_WORD = string.ascii_letters + string.digits


def _text(alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length)


def _joined(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in parts)).map("".join)


_born = st.dates(date(1920, 1, 1), date(2020, 12, 31))

KINDS: Mapping[str, st.SearchStrategy[str]] = {
    "name": _joined(st.sampled_from("王李张刘陈欧"), st.text("小芳娜伟强𬭚䶮", min_size=1, max_size=3)),
    "dicom_name": _joined(st.sampled_from(["Wang", "LI", "Ouyang"]), "^", st.sampled_from(["Xiaofang", "NA", "Wei"])),
    "phone": _joined(st.sampled_from(["", "+86", "86 "]), "1", st.sampled_from("3589"), _text(string.digits, 9)),
    "id_number": _joined(
        "120101", _born.map(lambda day: f"{day:%Y%m%d}"), _text(string.digits, 3), st.sampled_from("0X")
    ),
    "birth_date": st.tuples(_born, st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日"])).map(
        lambda pair: pair[0].strftime(pair[1])
    ),
    "qr_code": _text(_BASE32, 26),
    "pickup_code": _text(PICKUP_ALPHABET, 6),
    "one_time_code": _text(string.digits, 6),
    "bearer_token": _text(_WORD + "-_", 43),
    "session_cookie": _text("0123456789abcdef", 32).map(
        lambda sid: jwt.encode({"sid": sid, "aud": "patient"}, b"k" * 32, algorithm="HS256")
    ),
    "device_token": _text("0123456789abcdef", 64),
    "tencent_secret_id": _joined("AKID", _text(_WORD, 32)),
    "tencent_secret_key": _text(_WORD, 32),
    "wechat_app_id": _joined("wx", _text("0123456789abcdef", 16)),
    "wechat_secret": _text("0123456789abcdef", 32),
    "openid": _joined("o", _text(_WORD + "-_", 27)),
    "password": _joined(_text(string.ascii_letters, 8), st.sampled_from("!$ _"), _text(string.digits, 4)),
    "totp_secret": _text(_BASE32, 32),
}

secrets = st.one_of(*KINDS.values())
"""One secret of any kind."""
