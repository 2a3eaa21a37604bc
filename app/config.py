"""Settings, and the only reader of the environment. Building things from them is `app/bootstrap`'s work.

Each setting is one line of `Settings`: its variable, default, parser and meaning. Tests compare `.env.example` and the
tables of docs/operating.md and docs/operating.zh-CN.md with this list.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from app.errors import InsecureKeyFile, SettingsError
from app.security.addresses import Group
from app.security.keys import MasterKeys

PREFIX = "CLOUDFILM_"
_CARRIERS = ("tencent", "aliyun", "gateway")
_CALLBACK_SECRETS = {
    "tencent": "tencent_callback_secret",
    "aliyun": "aliyun_callback_secret",
    "gateway": "sms_gateway_callback_secret",
}
NEWS_AT_ONCE = {
    "CLOUDFILM_NEWS_HOURS": "0-24",
    "CLOUDFILM_NEWS_GATHER_MIN": "0",
    "CLOUDFILM_NEWS_A_DAY": "1000",
}
"""For the demo and for test servers: nobody sleeps there."""


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return parse


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("must be one of " + ", ".join(allowed))
        return text

    return parse


def _yes(text: str) -> bool:
    """As obstore reads it."""
    return text.lower() in ("1", "true", "on", "yes", "y")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(word)) for word in _words(text))


def _regions(text: str) -> tuple[str, ...]:
    regions = _words(text.upper())
    if not regions or not all(len(region) == 2 and region.isalpha() for region in regions):
        raise ValueError("must be regions of two letters, like CN,HK")
    return regions


def _hours(text: str) -> tuple[int, int]:
    opens, _, closes = text.partition("-")
    if not (opens.isdecimal() and closes.isdecimal() and 0 <= int(opens) < int(closes) <= 24):
        raise ValueError("must be from-to, like 8-21, or 0-24 for always")
    return int(opens), int(closes)


def _notice_fields(text: str) -> tuple[str, ...]:
    pairs = [word.partition("=") for word in _words(text)]
    keys = {key for _, _, key in pairs}
    if sorted(name for name, _, _ in pairs) != ["exam", "state", "time"] or len(keys) < len(pairs):
        raise ValueError("must be exam=key,time=key,state=key with three keys, like thing1")
    if not all(re.fullmatch(r"[a-z_]+[0-9]+", key) for key in keys):
        raise ValueError("must have keys of a type and a number, like thing1")
    return _words(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be http(s)://host[:port][/path]")
    return text.rstrip("/")


def _origins(text: str) -> tuple[str, ...]:
    for word in _words(text):
        parts = urlsplit(word)
        if parts.scheme not in ("http", "https") or not parts.netloc or word != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("must be origins like https://viewer.example.org")
    return _words(text)


def _url_or_none(text: str) -> str:
    return _url(text) if text else ""


def _setting(
    meaning: str, default: str, parse: Callable[[str], Any] = str, *, secret: bool = False, variable: str = ""
) -> Any:
    facts = {"meaning": meaning, "default": default, "parse": parse, "secret": secret, "variable": variable}
    return field(metadata=facts, repr=not secret)


def variable_of(item: Field[Any]) -> str:
    """The environment variable of a setting."""
    return cast(str, item.metadata["variable"]) or PREFIX + item.name.upper()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between an embedded demo and a hospital."""

    profile: str = _setting("demo or production", "production", _choice("demo", "production"))
    base_url: str = _setting("Address patients reach, printed in QR codes", "http://127.0.0.1:8000", _url)
    var_dir: Path = _setting("Folder for everything the embedded form keeps", "var", Path)
    database_url: str = _setting("SQLAlchemy URL; empty: SQLite in the var folder", "")
    store_url: str = _setting("Object store, file:///… or s3://bucket/prefix; empty: var folder", "")
    store_http: bool = _setting("true: the object store may be asked without TLS", "", _yes, variable="AWS_ALLOW_HTTP")
    key_file: str = _setting("Master key file, readable by its owner only; empty: var folder", "")
    anchor_dir: str = _setting("Folder for the anchors of the audit log; empty: var folder", "")
    redis_url: str = _setting("Redis; empty: in-process stand-in (one web process only)", "")
    web_processes: int = _setting("Number of web processes", "1", _integer(1, 256))
    web_threads: int = _setting("Threads of one web process", "8", _integer(1, 64))
    trusted_proxies: int = _setting(
        "Reverse proxies in front; the client is so many entries from the right of X-Forwarded-For", "0", _integer(0, 8)
    )
    proxy_addresses: tuple[str, ...] = _setting(
        "Networks the proxies come from, comma-separated: only they are believed, and nobody there is staff or shared",
        "127.0.0.0/8,::1/128",
        _networks,
    )
    log_level: str = _setting("debug, info, warning or error", "info", _choice("debug", "info", "warning", "error"))
    hospital_name: str = _setting("Shown to patients and printed", "云影像示范医院")

    quiet_period_s: int = _setting("Seconds without a new instance until a study is complete", "60", _integer(1, 86400))
    release_gate: str = _setting(
        "When patients may see pictures: images, final_report or delay",
        "images",
        _choice("images", "final_report", "delay"),
    )
    release_delay_h: int = _setting("Hours after completion when the gate is delay", "24", _integer(0, 8760))
    report_alone_h: int = _setting(
        "Hours after which a report without pictures is told alone, and pictures are waited for no more",
        "24",
        _integer(1, 8760),
    )
    decode_workers: int = _setting(
        "Child processes that decode pixels, and as many that read headers", "2", _integer(1, 64)
    )
    decode_time_limit_s: int = _setting("Seconds one decoding may take, and one header", "20", _integer(1, 600))
    decode_memory_mib: int = _setting("MiB of memory such a child may take", "2048", _integer(256, 65536))
    volume_memory_mib: int = _setting("MiB of volumes that a web process keeps for cuts", "256", _integer(16, 65536))
    working_copy_days: int = _setting(
        "Days that quick copies of originals are kept after they were last needed", "14", _integer(1, 3650)
    )
    max_instance_mib: int = _setting("Largest instance taken, MiB", "2048", _integer(1, 65536))

    dicom_host: str = _setting("Address the DICOM door listens on", "127.0.0.1")
    dicom_port: int = _setting("Port of the DICOM door", "11112", _integer(0, 65535), variable="DICOM_PORT")
    dicom_ae_title: str = _setting("Called AE title we answer to", "CLOUDFILM")
    dicom_calling_aes: tuple[str, ...] = _setting("Calling AE titles let in, comma-separated", "", _words)
    dicom_addresses: tuple[str, ...] = _setting(
        "Networks let in to the DICOM door, comma-separated", "127.0.0.0/8,::1/128", _networks
    )
    dicomweb_origins: tuple[str, ...] = _setting(
        "Origins whose pages may read DICOMweb with their token, like https://viewer.example.org, comma-separated",
        "",
        _origins,
    )
    dicom_tls_cert: str = _setting("Certificate file; empty: no TLS", "")
    dicom_tls_key: str = _setting("Private key file of that certificate", "")

    session_idle_min: int = _setting("Minutes until an unused patient session ends", "30", _integer(1, 1440))
    consent: str = _setting(
        "Whether patients are asked for consent before the first look: asked, or elsewhere (on paper)",
        "asked",
        _choice("asked", "elsewhere"),
    )
    pickup_days: int = _setting("Days a pick-up code lives", "30", _integer(1, 30))
    sms_link: str = _setting(
        "The demo's sms_url: pickup code or long link (a text message itself holds no link)",
        "pickup",
        _choice("pickup", "long"),
    )
    address_failures_per_hour: int = _setting(
        "Failed tries from one address until a step up is asked; it may ask for four times as many one-time codes",
        "30",
        _integer(1, 100000),
    )
    shared_addresses: tuple[str, ...] = _setting(
        "Networks many patients share, never counted, comma-separated", "", _networks
    )
    staff_idle_min: int = _setting("Minutes until an unused staff session ends", "15", _integer(1, 240))

    staff_addresses: tuple[str, ...] = _setting(
        "Networks let in to the staff console, comma-separated",
        "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8",
        _networks,
    )

    sms_carrier: str = _setting("simulated, tencent, aliyun or gateway", "simulated", _choice("simulated", *_CARRIERS))
    sms_second_carrier: str = _setting(
        "Asked where the first refuses the account or is out of reach: none, tencent, aliyun or gateway",
        "none",
        _choice("none", *_CARRIERS),
    )
    sms_family: str = _setting(
        "T0 (no code), T1 (pick-up code) or T3 (link, by a gateway)", "T0", _choice("T0", "T1", "T3")
    )
    sms_segment_fen: int = _setting(
        "What the carrier charges for a segment, in fen; 0: costs are not shown", "0", _integer(0, 1000)
    )
    news_hours: tuple[int, int] = _setting("Hours of the day in which news is told, in China's time", "8-21", _hours)
    news_gather_min: int = _setting(
        "Minutes that news of an exam waits for other news of its patient; 0: each exam has its own message",
        "3",
        _integer(0, 60),
    )
    news_a_day: int = _setting("Messages with news that a patient gets in 24 hours at most", "5", _integer(1, 1000))
    messages_at_once: int = _setting(
        "Messages that a worker hands over at a time: it does not wait for each answer of a slow carrier",
        "8",
        _integer(1, 32),
    )
    phone_regions: tuple[str, ...] = _setting(
        "Regions whose phone numbers are taken, comma-separated; foreign ones need texts of their own", "CN", _regions
    )
    sms_signature: str = _setting("Registered signature, 2 to 12 characters", "云影像医院")
    sms_callback_secret: str = _setting(
        "Older name for the first carrier's callback secret, so that the address it knows stays good", "", secret=True
    )
    sms_gateway_url: str = _setting("Where the hospital's own gateway takes messages", "", _url_or_none)
    sms_gateway_token: str = _setting("Bearer token for the gateway", "", secret=True)
    sms_gateway_callback_secret: str = _setting("Secret word in the address of the gateway's hooks", "", secret=True)
    aliyun_key_id: str = _setting("Aliyun's AccessKey", "", secret=True)
    aliyun_key_secret: str = _setting("Aliyun's AccessKey", "", secret=True)
    aliyun_callback_secret: str = _setting("Secret word in the address of Aliyun's hooks", "", secret=True)
    aliyun_template_codes: tuple[str, ...] = _setting(
        "Registered template codes as name=SMS_…, comma-separated", "", _words
    )
    tencent_secret_id: str = _setting("API credential", "", secret=True)
    tencent_secret_key: str = _setting("API credential", "", secret=True)
    tencent_callback_secret: str = _setting("Secret word in the address of Tencent's hooks", "", secret=True)
    tencent_sms_app_id: str = _setting("SmsSdkAppId", "")
    tencent_sms_region: str = _setting("API region", "ap-guangzhou")
    tencent_template_ids: tuple[str, ...] = _setting("Registered template ids as name=id, comma-separated", "", _words)
    wechat_notices: str = _setting(
        "off, template (messages of the official account), or simulated (all of WeChat, in this process)",
        "off",
        _choice("off", "template", "simulated"),
    )
    wechat_unopened_h: int = _setting(
        "Hours of daytime after which an exam that nobody opened is told by text message too", "4", _integer(1, 72)
    )
    wechat_appid: str = _setting("AppID of the official account; empty: no WeChat", "")
    wechat_secret: str = _setting("AppSecret; empty: no login by WeChat", "", secret=True)
    wechat_template_ids: tuple[str, ...] = _setting("Template ids as name=id, comma-separated", "", _words)
    wechat_fields: tuple[str, ...] = _setting(
        "Which field of these templates tells what, as exam=key,time=key,state=key",
        "exam=thing1,time=time2,state=const3",
        _notice_fields,
    )
    wechat_subscription_id: str = _setting(
        "Template id of the long-term subscription: a button for who does not follow; empty: no button", ""
    )
    wechat_script_url: str = _setting(
        "WeChat's script for that button", "https://res.wx.qq.com/open/js/jweixin-1.6.0.js", _url
    )
    wechat_token_url: str = _setting("Central service of the hospital that hands out the access token", "")
    wechat_token_secret: str = _setting("Bearer token for that service", "", secret=True)
    wechat_callback: str = _setting(
        "How WeChat's pushes reach /hooks/wechat: off, plain, compat, safe, or relay (another system forwards them)",
        "off",
        _choice("off", "plain", "compat", "safe", "relay"),
    )
    wechat_callback_token: str = _setting("Token of the pushes, as in WeChat's console", "", secret=True)
    wechat_aes_key: str = _setting("EncodingAESKey of the pushes, 43 characters", "", secret=True)
    wechat_relay_secret: str = _setting("Shared with the system that forwards pushes", "", secret=True)
    wechat_verify: tuple[str, ...] = _setting("Codes of the MP_verify files to serve, comma-separated", "", _words)
    wechat_api_url: str = _setting("WeChat's interfaces", "https://api.weixin.qq.com", _url)
    wechat_open_url: str = _setting("WeChat's authorisation page", "https://open.weixin.qq.com", _url)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read all settings. Raises SettingsError that names every fault at once, never a secret's value."""
        source = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        unusable: dict[str, str] = {}
        for item in fields(cls):
            name, default, parse = variable_of(item), item.metadata["default"], item.metadata["parse"]
            try:
                values[item.name] = parse(source.get(name, "") or default)
            except ValueError as fault:
                unusable[name] = f"{name} {'is not usable' if item.metadata['secret'] else fault}"
                values[item.name] = parse(default)  # so that the others can be judged
        known = {variable_of(item) for item in fields(cls)}
        unknown = [f"{name} is not a setting" for name in source if name.startswith(PREFIX) and name not in known]
        settings = cls(**values)
        more = [fault for fault in settings.contradictions() if not any(name in fault for name in unusable)]
        if faults := [*unusable.values(), *unknown, *more]:
            raise SettingsError(faults)
        return settings

    @classmethod
    def for_demo(
        cls, port: int, dicom_port: int | None, calling_ae: str, more: Mapping[str, str] | None = None
    ) -> Settings:
        """The demo's settings: the environment's where it says something, else quick and local ones, and `more`."""
        quick = {
            "CLOUDFILM_PROFILE": "demo",
            "CLOUDFILM_BASE_URL": f"http://127.0.0.1:{port}",
            "CLOUDFILM_QUIET_PERIOD_S": "5",
            "CLOUDFILM_DICOM_CALLING_AES": calling_ae,
            "CLOUDFILM_LOG_LEVEL": "warning",
            **NEWS_AT_ONCE,
            **(more or {}),
        }
        settings = cls.from_env({**quick, **os.environ})
        return settings if dicom_port is None else replace(settings, dicom_port=dicom_port)

    def contradictions(self) -> list[str]:
        """What no single setting shows, among it what production must not start with."""
        faults = []
        if self.web_processes > 1 and not self.redis_url:
            faults.append("CLOUDFILM_REDIS_URL is needed when CLOUDFILM_WEB_PROCESSES is more than 1")
        if bool(self.dicom_tls_cert) != bool(self.dicom_tls_key):
            faults.append("CLOUDFILM_DICOM_TLS_CERT and CLOUDFILM_DICOM_TLS_KEY go together")
        faults += self._carrier_faults()
        faults += self._wechat_faults()
        faults += self._key_file_faults()
        if self.profile == "production":
            faults += self._unfit_for_production()
        return faults

    def _carrier_faults(self) -> list[str]:
        needed = {
            "tencent": ("tencent_secret_id", "tencent_secret_key", "tencent_sms_app_id", "tencent_template_ids"),
            "aliyun": ("aliyun_key_id", "aliyun_key_secret", "aliyun_template_codes"),
            "gateway": ("sms_gateway_url", "sms_gateway_token"),
        }
        faults = [
            f"{PREFIX}{name.upper()} is needed for the SMS carrier {carrier}"
            for carrier in self.sms_carriers
            for name in needed.get(carrier, ())
            if not getattr(self, name)
        ]
        if self.sms_second_carrier == self.sms_carrier or (
            self.sms_second_carrier != "none" and self.sms_carrier == "simulated"
        ):
            faults.append("CLOUDFILM_SMS_SECOND_CARRIER must be another than the first, which must be a real one")
        if self.sms_family == "T3" and (self.sms_carrier != "gateway" or self.sms_second_carrier != "none"):
            faults.append("CLOUDFILM_SMS_FAMILY T3 needs the gateway alone: carriers take no link of a patient")
        named = {name: value for name, value in map(self.callback_secret_of, _CARRIERS) if value}
        for one, other in combinations(named, 2):
            if named[one] == named[other]:
                faults.append(f"{one} and {other} must differ: a carrier must not speak for another")
        return faults

    def callback_secret_of(self, carrier: str) -> tuple[str, str]:
        """The variable that holds the secret of a carrier's hooks, and the secret; empty when none is set."""
        name = _CALLBACK_SECRETS[carrier]
        if not getattr(self, name) and self.sms_callback_secret and carrier == self.first_real_carrier:
            name = "sms_callback_secret"
        return PREFIX + name.upper(), getattr(self, name)

    def _wechat_faults(self) -> list[str]:
        faults = []
        if self.wechat_notices == "template":
            needed = ("wechat_appid", "wechat_template_ids")
            faults += [f"{PREFIX}{name.upper()} is needed for notices" for name in needed if not getattr(self, name)]
            if not (self.wechat_secret or self.wechat_token_url):
                faults.append("CLOUDFILM_WECHAT_SECRET or CLOUDFILM_WECHAT_TOKEN_URL is needed for notices")
        if self.wechat_callback in ("plain", "compat", "safe") and len(self.wechat_callback_token) < 3:
            faults.append("CLOUDFILM_WECHAT_CALLBACK_TOKEN is needed for pushes")
        if self.wechat_callback in ("compat", "safe") and not self.wechat_aes_key:
            faults.append("CLOUDFILM_WECHAT_AES_KEY is needed for encrypted pushes")
        if self.wechat_aes_key and not re.fullmatch(r"[A-Za-z0-9]{43}", self.wechat_aes_key):
            faults.append("CLOUDFILM_WECHAT_AES_KEY must have 43 letters and digits")
        if self.wechat_callback == "relay" and len(self.wechat_relay_secret) < 16:
            faults.append("CLOUDFILM_WECHAT_RELAY_SECRET needs at least 16 characters for relayed pushes")
        if self.wechat_token_url and not self.wechat_token_secret:
            faults.append("CLOUDFILM_WECHAT_TOKEN_SECRET goes with CLOUDFILM_WECHAT_TOKEN_URL")
        return faults

    def _key_file_faults(self) -> list[str]:
        """The demo makes its own file when there is none. Production never does: a new key beside old data would be a
        silent loss."""
        if self.is_demo and not self.key_path.exists():
            return []
        try:
            keys = MasterKeys.from_file(self.key_path)
        except InsecureKeyFile as fault:
            return [f"CLOUDFILM_KEY_FILE: {fault}"]
        if keys.are_demo and not self.is_demo:
            return ["CLOUDFILM_KEY_FILE holds a demo's keys: make others with python -m app.cli.create_keys"]
        return []

    def _unfit_for_production(self) -> list[str]:
        faults = []
        if not self.is_https:
            faults.append("CLOUDFILM_BASE_URL must be https in production")
        if not self.trusted_proxies:  # gunicorn speaks no TLS: one always stands in front, inside the staff's networks
            faults.append("CLOUDFILM_TRUSTED_PROXIES must count the proxies in front: without it all come from there")
        if self.sms_carrier == "simulated":
            faults.append("CLOUDFILM_SMS_CARRIER must be a real carrier in production")
        if self.sms_gateway_url and urlsplit(self.sms_gateway_url).scheme != "https":
            faults.append("CLOUDFILM_SMS_GATEWAY_URL must be https in production")
        if self.wechat_notices == "simulated":
            faults.append("CLOUDFILM_WECHAT_NOTICES must not be simulated in production")
        for name in ("wechat_api_url", "wechat_open_url", "wechat_script_url", "wechat_token_url"):
            if urlsplit(getattr(self, name)).scheme not in ("https", ""):
                faults.append(f"{PREFIX}{name.upper()} must be https in production")
        for carrier in self.sms_carriers:
            name, secret = self.callback_secret_of(carrier) if carrier in _CARRIERS else ("", "")
            if name and len(secret) < 16:
                faults.append(f"{name} needs at least 16 characters in production")
        if (self.var_dir / "demo.json").exists():
            faults.append("CLOUDFILM_VAR_DIR holds a demo with demo secrets: use another folder in production")
        return faults

    @property
    def sms_carriers(self) -> tuple[str, ...]:
        """In the order in which they are asked."""
        return tuple(name for name in (self.sms_carrier, self.sms_second_carrier) if name != "none")

    @property
    def first_real_carrier(self) -> str:
        """The simulated one calls the hook of Tencent."""
        return "tencent" if self.sms_carrier == "simulated" else self.sms_carrier

    @property
    def has_two_carriers(self) -> bool:
        return len(self.sms_carriers) == 2

    @property
    def is_demo(self) -> bool:
        return self.profile == "demo"

    @property
    def is_https(self) -> bool:
        """Whether patients reach the site through TLS; their browsers then get cookies that need it."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def staff_group(self) -> Group:
        return Group(self.staff_addresses, never=self._not_a_persons)

    @property
    def shared_group(self) -> Group:
        return Group(self.shared_addresses, never=self._not_a_persons)

    @property
    def _not_a_persons(self) -> tuple[str, ...]:
        """Behind proxies their own address is what a chain that is set wrong makes of everybody."""
        return self.proxy_addresses if self.trusted_proxies else ()

    @property
    def database_address(self) -> str:
        return self.database_url or f"sqlite:///{(self.var_dir / 'cloudfilm.db').absolute()}"

    @property
    def spool_dir(self) -> Path:
        """Where uploads lie, in the clear, until they are sealed."""
        return self.var_dir / "spool"

    @property
    def anchor_path(self) -> Path:
        return Path(self.anchor_dir) if self.anchor_dir else self.var_dir / "anchors"

    @property
    def key_path(self) -> Path:
        return Path(self.key_file) if self.key_file else self.var_dir / "keys.json"
