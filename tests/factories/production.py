"""Settings that production starts with: a made key file, invented credentials of a real carrier."""

from __future__ import annotations

from pathlib import Path

from app.security.keys import MasterKeys
from sms.templates import TEMPLATES

WITHOUT_KEYS = {
    "CLOUDFILM_BASE_URL": "https://film.example.org",
    "CLOUDFILM_TRUSTED_PROXIES": "1",
    "CLOUDFILM_SMS_CARRIER": "tencent",
    "CLOUDFILM_TENCENT_CALLBACK_SECRET": "0123456789abcdef",
    "CLOUDFILM_TENCENT_SECRET_ID": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "CLOUDFILM_TENCENT_SECRET_KEY": "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    "CLOUDFILM_TENCENT_SMS_APP_ID": "1400000000",
    "CLOUDFILM_TENCENT_TEMPLATE_IDS": ",".join(f"{name}={number}" for number, name in enumerate(TEMPLATES, 1)),
}


def production(folder: Path) -> dict[str, str]:
    """A complete production environment whose key file and data are in `folder`."""
    if not (folder / "keys.json").exists():
        MasterKeys.generate(folder / "keys.json")
    return WITHOUT_KEYS | {"CLOUDFILM_VAR_DIR": str(folder)}
