"""Builds the carriers of messages from the settings, real or simulated ones. What channels do with them is in
services/channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.bootstrap import simulated_wechat
from app.clock import Clock
from app.config import Settings
from app.errors import NotAnswered
from app.security.keys import MasterKeys
from sms.aliyun.sender import AliyunAccount, AliyunSender
from sms.errors import SendingError, TemplateFaults
from sms.failover import Failover
from sms.gateway.sender import GatewaySender
from sms.registration import Finding, TemplateRegistry, findings
from sms.sender import SmsSender
from sms.simulator.carrier import SimulatedCarrier
from sms.simulator.receipts import HookPoster
from sms.simulator.rules import FrequencyLimits
from sms.templates import TEMPLATES, lint, names_of_family
from sms.tencent.sender import TencentAccount, TencentSender
from wechat.errors import NoticeFault
from wechat.notices import Source
from wechat.playing import Player
from wechat.templates import notices_with

CARRIER_FILE = "carrier.db"
SIMULATED_LIMITS = FrequencyLimits(per_hour=1000, per_day=1000)
"""Higher than the carrier's usual limits: in a demo many exams may belong to one phone."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What replaces the outside world in the demo; None where the real carrier is used."""

    carrier: SimulatedCarrier | None
    wechat: Player | None
    push_receipts: Callable[[], int]
    """Makes the simulated carrier call the real hook over HTTP; returns how many receipts were taken."""


def hook_secret(settings: Settings, keys: MasterKeys, carrier: str) -> str:
    """The secret of a carrier's hooks. Without a setting, as of a carrier that is not in use, it is derived: nobody can
    guess it, and it stays the same."""
    return settings.callback_secret_of(carrier)[1] or keys.derive(f"sms-hook-{carrier}").hex()


def hook_secrets(settings: Settings, keys: MasterKeys) -> Mapping[str, str]:
    """By carrier. Each has its own: who carries messages for us speaks for itself alone."""
    return {carrier: hook_secret(settings, keys, carrier) for carrier in ("tencent", "aliyun", "gateway")}


def simulation_of(settings: Settings, keys: MasterKeys, clock: Clock) -> Simulation:
    wechat = simulated_wechat.player(settings, clock)
    if settings.sms_carrier != "simulated":
        return Simulation(carrier=None, wechat=wechat, push_receipts=lambda: 0)
    carrier = SimulatedCarrier.approving(
        settings.var_dir / CARRIER_FILE,
        clock.now,
        settings.sms_signature,
        SIMULATED_LIMITS,
        notice_variables=settings.sms_family == "T1",
    )
    poster = HookPoster(f"{settings.base_url}/hooks/sms/tencent?secret={hook_secret(settings, keys, 'tencent')}")
    return Simulation(carrier=carrier, wechat=wechat, push_receipts=lambda: carrier.push_receipts(poster))


def message_faults(settings: Settings) -> list[str]:
    """Faults of texts and of their registration. They are found at the start and not by a patient."""
    faults: list[str] = []
    try:
        lint(TEMPLATES.values(), settings.sms_signature)
    except TemplateFaults as error:
        faults += error.faults
    try:
        notices_with(field_keys(settings.wechat_fields))
    except NoticeFault as error:
        faults.append(f"CLOUDFILM_WECHAT_FIELDS: {error}")
    named = {
        "TENCENT_TEMPLATE_IDS": settings.tencent_template_ids,
        "ALIYUN_TEMPLATE_CODES": settings.aliyun_template_codes,
    }
    for setting, words in named.items():
        if setting.partition("_")[0].lower() in settings.sms_carriers:
            missing = sorted(name for name in names_of_family(settings.sms_family) if not _pairs(words).get(name))
            faults += [f"CLOUDFILM_{setting} lacks {name}" for name in missing]
    return faults


def field_keys(words: Sequence[str]) -> Mapping[Source, str]:
    """Which field of WeChat's templates tells what."""
    return {Source(name): key for name, key in _pairs(words).items()}


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """Of `name=id`."""
    return dict(word.partition("=")[::2] for word in words)


def registered_texts(settings: Settings, simulation: Simulation) -> list[Finding]:
    """What each carrier says of each text of the family in use; a gateway registers none. Raises NotAnswered."""
    found: list[Finding] = []
    for name, registry in _registries(settings, simulation).items():
        try:
            of_it = findings(names_of_family(settings.sms_family), registry.registered())
        except SendingError as error:
            raise NotAnswered(f"the carrier says {error.code}: {error.reason}") from None
        found += [replace(one, text=f"{name} {one.text}") for one in of_it] if settings.has_two_carriers else of_it
    return found


def _registries(settings: Settings, simulation: Simulation) -> Mapping[str, TemplateRegistry]:
    if simulation.carrier is not None:
        return {settings.sms_carrier: simulation.carrier}
    return {name: build(settings) for name, build in _REGISTERING.items() if name in settings.sms_carriers}


def sms_sender(settings: Settings, simulation: Simulation) -> SmsSender:
    if simulation.carrier is not None:
        return simulation.carrier
    carriers = tuple(_real(settings, name) for name in settings.sms_carriers)
    return Failover(carriers) if settings.has_two_carriers else carriers[0]


def _real(settings: Settings, name: str) -> SmsSender:
    if name == "gateway":
        return GatewaySender(settings.sms_gateway_url, settings.sms_gateway_token)
    return _REGISTERING[name](settings)


def _tencent(settings: Settings) -> TencentSender:
    account = TencentAccount(
        settings.tencent_secret_id,
        settings.tencent_secret_key,
        settings.tencent_sms_app_id,
        settings.tencent_sms_region,
    )
    return TencentSender(account, _pairs(settings.tencent_template_ids))


def _aliyun(settings: Settings) -> AliyunSender:
    account = AliyunAccount(settings.aliyun_key_id, settings.aliyun_key_secret)
    return AliyunSender(account, _pairs(settings.aliyun_template_codes))


_REGISTERING: Mapping[str, Callable[[Settings], TencentSender | AliyunSender]] = {
    "tencent": _tencent,
    "aliyun": _aliyun,
}
"""Carriers with which texts are registered."""
