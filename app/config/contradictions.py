"""What no single setting shows: which settings need or exclude one another, and what production must not start with."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.errors import InsecureKeyFile
from app.security.keys import MasterKeys

if TYPE_CHECKING:
    from app.config.settings import Settings

PREFIX = "CLOUDFILM_"
"""Before the name of a setting in the environment."""
CARRIERS = ("tencent", "aliyun", "gateway")


def contradictions(settings: Settings) -> list[str]:
    """What no single setting shows, among it what production must not start with."""
    faults = []
    if settings.web_processes > 1 and not settings.redis_url:
        faults.append("CLOUDFILM_REDIS_URL is needed when CLOUDFILM_WEB_PROCESSES is more than 1")
    if bool(settings.dicom_tls_cert) != bool(settings.dicom_tls_key):
        faults.append("CLOUDFILM_DICOM_TLS_CERT and CLOUDFILM_DICOM_TLS_KEY go together")
    faults += _carrier_faults(settings)
    faults += _wechat_faults(settings)
    faults += _key_file_faults(settings)
    if settings.profile == "production":
        faults += _unfit_for_production(settings)
    return faults


def _carrier_faults(settings: Settings) -> list[str]:
    needed = {
        "tencent": ("tencent_secret_id", "tencent_secret_key", "tencent_sms_app_id", "tencent_template_ids"),
        "aliyun": ("aliyun_key_id", "aliyun_key_secret", "aliyun_template_codes"),
        "gateway": ("sms_gateway_url", "sms_gateway_token"),
    }
    faults = [
        f"{PREFIX}{name.upper()} is needed for the SMS carrier {carrier}"
        for carrier in settings.sms_carriers
        for name in needed.get(carrier, ())
        if not getattr(settings, name)
    ]
    if settings.sms_second_carrier == settings.sms_carrier or (
        settings.sms_second_carrier != "none" and settings.sms_carrier == "simulated"
    ):
        faults.append("CLOUDFILM_SMS_SECOND_CARRIER must be another than the first, which must be a real one")
    if settings.sms_family == "T3" and (settings.sms_carrier != "gateway" or settings.sms_second_carrier != "none"):
        faults.append("CLOUDFILM_SMS_FAMILY T3 needs the gateway alone: carriers take no link of a patient")
    named = {name: value for name, value in map(settings.callback_secret_of, CARRIERS) if value}
    for one, other in combinations(named, 2):
        if named[one] == named[other]:
            faults.append(f"{one} and {other} must differ: a carrier must not speak for another")
    return faults


def _wechat_faults(settings: Settings) -> list[str]:
    faults = []
    if settings.wechat_notices == "template":
        needed = ("wechat_appid", "wechat_template_ids")
        faults += [f"{PREFIX}{name.upper()} is needed for notices" for name in needed if not getattr(settings, name)]
        if not (settings.wechat_secret or settings.wechat_token_url):
            faults.append("CLOUDFILM_WECHAT_SECRET or CLOUDFILM_WECHAT_TOKEN_URL is needed for notices")
    if settings.wechat_callback in ("plain", "compat", "safe") and len(settings.wechat_callback_token) < 3:
        faults.append("CLOUDFILM_WECHAT_CALLBACK_TOKEN is needed for pushes")
    if settings.wechat_callback in ("compat", "safe") and not settings.wechat_aes_key:
        faults.append("CLOUDFILM_WECHAT_AES_KEY is needed for encrypted pushes")
    if settings.wechat_aes_key and not re.fullmatch(r"[A-Za-z0-9]{43}", settings.wechat_aes_key):
        faults.append("CLOUDFILM_WECHAT_AES_KEY must have 43 letters and digits")
    if settings.wechat_callback == "relay" and len(settings.wechat_relay_secret) < 16:
        faults.append("CLOUDFILM_WECHAT_RELAY_SECRET needs at least 16 characters for relayed pushes")
    if settings.wechat_token_url and not settings.wechat_token_secret:
        faults.append("CLOUDFILM_WECHAT_TOKEN_SECRET goes with CLOUDFILM_WECHAT_TOKEN_URL")
    return faults


def _key_file_faults(settings: Settings) -> list[str]:
    """The demo makes its own file when there is none. Production never does: a new key beside old data would be a
    silent loss."""
    if settings.is_demo and not settings.key_path.exists():
        return []
    try:
        keys = MasterKeys.from_file(settings.key_path)
    except InsecureKeyFile as fault:
        return [f"CLOUDFILM_KEY_FILE: {fault}"]
    if keys.are_demo and not settings.is_demo:
        return ["CLOUDFILM_KEY_FILE holds a demo's keys: make others with python -m app.cli.create_keys"]
    return []


def _unfit_for_production(settings: Settings) -> list[str]:
    faults = []
    if not settings.is_https:
        faults.append("CLOUDFILM_BASE_URL must be https in production")
    if not settings.trusted_proxies:  # gunicorn speaks no TLS: one always stands in front, inside the staff's networks
        faults.append("CLOUDFILM_TRUSTED_PROXIES must count the proxies in front: without it all come from there")
    if settings.sms_carrier == "simulated":
        faults.append("CLOUDFILM_SMS_CARRIER must be a real carrier in production")
    if settings.sms_gateway_url and urlsplit(settings.sms_gateway_url).scheme != "https":
        faults.append("CLOUDFILM_SMS_GATEWAY_URL must be https in production")
    if settings.wechat_notices == "simulated":
        faults.append("CLOUDFILM_WECHAT_NOTICES must not be simulated in production")
    for name in ("wechat_api_url", "wechat_open_url", "wechat_script_url", "wechat_token_url"):
        if urlsplit(getattr(settings, name)).scheme not in ("https", ""):
            faults.append(f"{PREFIX}{name.upper()} must be https in production")
    for carrier in settings.sms_carriers:
        name, secret = settings.callback_secret_of(carrier) if carrier in CARRIERS else ("", "")
        if name and len(secret) < 16:
            faults.append(f"{name} needs at least 16 characters in production")
    if (settings.var_dir / "demo.json").exists():
        faults.append("CLOUDFILM_VAR_DIR holds a demo with demo secrets: use another folder in production")
    return faults
