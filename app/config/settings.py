"""The table of settings, and the only reader of the environment. Building things from them is `app/bootstrap`'s work.

Each setting is one line of `Settings`: its variable, default, parser and meaning. Tests compare `.env.example` and the
tables of docs/operating.md and docs/operating.zh-CN.md with this list. What contradicts what is in `contradictions`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from app.config.contradictions import CARRIERS, PREFIX, contradictions
from app.config.parsers import (
    choice,
    hours,
    integer,
    networks,
    notice_fields,
    origins,
    regions,
    url,
    url_or_none,
    words,
    yes,
)
from app.errors import SettingsError
from app.security.addresses import Group

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

    profile: str = _setting("demo or production", "production", choice("demo", "production"))
    base_url: str = _setting("Address patients reach, printed in QR codes", "http://127.0.0.1:8000", url)
    var_dir: Path = _setting("Folder for everything the embedded form keeps", "var", Path)
    database_url: str = _setting("SQLAlchemy URL; empty: SQLite in the var folder", "")
    store_url: str = _setting("Object store, file:///… or s3://bucket/prefix; empty: var folder", "")
    store_http: bool = _setting("true: the object store may be asked without TLS", "", yes, variable="AWS_ALLOW_HTTP")
    key_file: str = _setting("Master key file, readable by its owner only; empty: var folder", "")
    anchor_dir: str = _setting("Folder for the anchors of the audit log; empty: var folder", "")
    redis_url: str = _setting("Redis; empty: in-process stand-in (one web process only)", "")
    web_processes: int = _setting("Number of web processes", "1", integer(1, 256))
    web_threads: int = _setting("Threads of one web process", "8", integer(1, 64))
    trusted_proxies: int = _setting(
        "Reverse proxies in front; the client is so many entries from the right of X-Forwarded-For", "0", integer(0, 8)
    )
    proxy_addresses: tuple[str, ...] = _setting(
        "Networks the proxies come from, comma-separated: only they are believed, and nobody there is staff or shared",
        "127.0.0.0/8,::1/128",
        networks,
    )
    log_level: str = _setting("debug, info, warning or error", "info", choice("debug", "info", "warning", "error"))
    hospital_name: str = _setting("Shown to patients and printed", "云影像示范医院")

    quiet_period_s: int = _setting("Seconds without a new instance until a study is complete", "60", integer(1, 86400))
    release_gate: str = _setting(
        "When patients may see pictures: images, final_report or delay",
        "images",
        choice("images", "final_report", "delay"),
    )
    release_delay_h: int = _setting("Hours after completion when the gate is delay", "24", integer(0, 8760))
    report_alone_h: int = _setting(
        "Hours after which a report without pictures is told alone, and pictures are waited for no more",
        "24",
        integer(1, 8760),
    )
    decode_workers: int = _setting(
        "Child processes that decode pixels, and as many that read headers", "2", integer(1, 64)
    )
    decode_time_limit_s: int = _setting("Seconds one decoding may take, and one header", "20", integer(1, 600))
    decode_memory_mib: int = _setting("MiB of memory such a child may take", "2048", integer(256, 65536))
    volume_memory_mib: int = _setting("MiB of volumes that a web process keeps for cuts", "512", integer(16, 65536))
    working_copy_days: int = _setting(
        "Days that quick copies of originals are kept after they were last needed", "14", integer(1, 3650)
    )
    max_instance_mib: int = _setting("Largest instance taken, MiB", "2048", integer(1, 65536))

    dicom_host: str = _setting("Address the DICOM door listens on", "127.0.0.1")
    dicom_port: int = _setting("Port of the DICOM door", "11112", integer(0, 65535), variable="DICOM_PORT")
    dicom_ae_title: str = _setting("Called AE title we answer to", "CLOUDFILM")
    dicom_calling_aes: tuple[str, ...] = _setting("Calling AE titles let in, comma-separated", "", words)
    dicom_addresses: tuple[str, ...] = _setting(
        "Networks let in to the DICOM door, comma-separated", "127.0.0.0/8,::1/128", networks
    )
    dicomweb_origins: tuple[str, ...] = _setting(
        "Origins whose pages may read DICOMweb with their token, like https://viewer.example.org, comma-separated",
        "",
        origins,
    )
    dicom_tls_cert: str = _setting("Certificate file; empty: no TLS", "")
    dicom_tls_key: str = _setting("Private key file of that certificate", "")

    session_idle_min: int = _setting("Minutes until an unused patient session ends", "30", integer(1, 1440))
    consent: str = _setting(
        "Whether patients are asked for consent before the first look: asked, or elsewhere (on paper)",
        "asked",
        choice("asked", "elsewhere"),
    )
    pickup_days: int = _setting("Days a pick-up code lives", "30", integer(1, 30))
    sms_link: str = _setting(
        "The demo's sms_url: pickup code or long link (a text message itself holds no link)",
        "pickup",
        choice("pickup", "long"),
    )
    address_failures_per_hour: int = _setting(
        "Failed tries from one address until a step up is asked; it may ask for four times as many one-time codes",
        "30",
        integer(1, 100000),
    )
    shared_addresses: tuple[str, ...] = _setting(
        "Networks many patients share, never counted, comma-separated", "", networks
    )
    staff_idle_min: int = _setting("Minutes until an unused staff session ends", "15", integer(1, 240))

    staff_addresses: tuple[str, ...] = _setting(
        "Networks let in to the staff console, comma-separated",
        "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8",
        networks,
    )

    sms_carrier: str = _setting("simulated, tencent, aliyun or gateway", "simulated", choice("simulated", *CARRIERS))
    sms_second_carrier: str = _setting(
        "Asked where the first refuses the account or is out of reach: none, tencent, aliyun or gateway",
        "none",
        choice("none", *CARRIERS),
    )
    sms_family: str = _setting(
        "T0 (no code), T1 (pick-up code) or T3 (link, by a gateway)", "T0", choice("T0", "T1", "T3")
    )
    sms_segment_fen: int = _setting(
        "What the carrier charges for a segment, in fen; 0: costs are not shown", "0", integer(0, 1000)
    )
    news_hours: tuple[int, int] = _setting("Hours of the day in which news is told, in China's time", "8-21", hours)
    news_gather_min: int = _setting(
        "Minutes that news of an exam waits for other news of its patient; 0: each exam has its own message",
        "3",
        integer(0, 60),
    )
    news_a_day: int = _setting("Messages with news that a patient gets in 24 hours at most", "5", integer(1, 1000))
    messages_at_once: int = _setting(
        "Messages that a worker hands over at a time: it does not wait for each answer of a slow carrier",
        "8",
        integer(1, 32),
    )
    phone_regions: tuple[str, ...] = _setting(
        "Regions whose phone numbers are taken, comma-separated; foreign ones need texts of their own", "CN", regions
    )
    sms_signature: str = _setting("Registered signature, 2 to 12 characters", "云影像医院")
    sms_callback_secret: str = _setting(
        "Older name for the first carrier's callback secret, so that the address it knows stays good", "", secret=True
    )
    sms_gateway_url: str = _setting("Where the hospital's own gateway takes messages", "", url_or_none)
    sms_gateway_token: str = _setting("Bearer token for the gateway", "", secret=True)
    sms_gateway_callback_secret: str = _setting("Secret word in the address of the gateway's hooks", "", secret=True)
    aliyun_key_id: str = _setting("Aliyun's AccessKey", "", secret=True)
    aliyun_key_secret: str = _setting("Aliyun's AccessKey", "", secret=True)
    aliyun_callback_secret: str = _setting("Secret word in the address of Aliyun's hooks", "", secret=True)
    aliyun_template_codes: tuple[str, ...] = _setting(
        "Registered template codes as name=SMS_…, comma-separated", "", words
    )
    tencent_secret_id: str = _setting("API credential", "", secret=True)
    tencent_secret_key: str = _setting("API credential", "", secret=True)
    tencent_callback_secret: str = _setting("Secret word in the address of Tencent's hooks", "", secret=True)
    tencent_sms_app_id: str = _setting("SmsSdkAppId", "")
    tencent_sms_region: str = _setting("API region", "ap-guangzhou")
    tencent_template_ids: tuple[str, ...] = _setting("Registered template ids as name=id, comma-separated", "", words)
    wechat_notices: str = _setting(
        "off, template (messages of the official account), or simulated (all of WeChat, in this process)",
        "off",
        choice("off", "template", "simulated"),
    )
    wechat_unopened_h: int = _setting(
        "Hours of daytime after which an exam that nobody opened is told by text message too", "4", integer(1, 72)
    )
    wechat_appid: str = _setting("AppID of the official account; empty: no WeChat", "")
    wechat_secret: str = _setting("AppSecret; empty: no login by WeChat", "", secret=True)
    wechat_template_ids: tuple[str, ...] = _setting("Template ids as name=id, comma-separated", "", words)
    wechat_fields: tuple[str, ...] = _setting(
        "Which field of these templates tells what, as exam=key,time=key,state=key",
        "exam=thing1,time=time2,state=const3",
        notice_fields,
    )
    wechat_subscription_id: str = _setting(
        "Template id of the long-term subscription: a button for who does not follow; empty: no button", ""
    )
    wechat_script_url: str = _setting(
        "WeChat's script for that button", "https://res.wx.qq.com/open/js/jweixin-1.6.0.js", url
    )
    wechat_token_url: str = _setting("Central service of the hospital that hands out the access token", "")
    wechat_token_secret: str = _setting("Bearer token for that service", "", secret=True)
    wechat_callback: str = _setting(
        "How WeChat's pushes reach /hooks/wechat: off, plain, compat, safe, or relay (another system forwards them)",
        "off",
        choice("off", "plain", "compat", "safe", "relay"),
    )
    wechat_callback_token: str = _setting("Token of the pushes, as in WeChat's console", "", secret=True)
    wechat_aes_key: str = _setting("EncodingAESKey of the pushes, 43 characters", "", secret=True)
    wechat_relay_secret: str = _setting("Shared with the system that forwards pushes", "", secret=True)
    wechat_verify: tuple[str, ...] = _setting("Codes of the MP_verify files to serve, comma-separated", "", words)
    wechat_api_url: str = _setting("WeChat's interfaces", "https://api.weixin.qq.com", url)
    wechat_open_url: str = _setting("WeChat's authorisation page", "https://open.weixin.qq.com", url)

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
        more = [fault for fault in contradictions(settings) if not any(name in fault for name in unusable)]
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

    def callback_secret_of(self, carrier: str) -> tuple[str, str]:
        """The variable that holds the secret of a carrier's hooks, and the secret; empty when none is set."""
        name = _CALLBACK_SECRETS[carrier]
        if not getattr(self, name) and self.sms_callback_secret and carrier == self.first_real_carrier:
            name = "sms_callback_secret"
        return PREFIX + name.upper(), getattr(self, name)

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
