"""Builds the carriers of messages from the settings, real or simulated ones. What channels do with them is in
services/channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.bootstrap import simulated_wechat
from app.clock import Clock
from app.config import Settings
from app.errors import NotAnswered
from app.security.keys import MasterKeys
from sms.errors import SendingError, TemplateFaults
from sms.registration import Finding, TemplateRegistry, findings
from sms.sender import SmsSender
from sms.simulator.carrier import SimulatedCarrier
from sms.simulator.receipts import HookPoster
from sms.simulator.rules import FrequencyLimits
from sms.templates import TEMPLATES, lint, names_of_family
from sms.tencent.sender import TencentAccount, TencentSender
from wechat.playing import Player

SIMULATED_LIMITS = FrequencyLimits(per_hour=1000, per_day=1000)
"""Higher than the carrier's usual limits: in a demo many exams may belong to one phone."""


class Carrier(SmsSender, TemplateRegistry, Protocol):
    """What every carrier here is."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What replaces the outside world in the demo; None where the real carrier is used."""

    carrier: SimulatedCarrier | None
    wechat: Player | None
    push_receipts: Callable[[], int]
    """Makes the simulated carrier call the real hook over HTTP; returns how many receipts were taken."""


def hook_secret(settings: Settings, keys: MasterKeys) -> str:
    """The secret of the hook. Without a setting, which only the demo allows, it is derived: nobody can guess it, and it
    stays the same."""
    return settings.sms_callback_secret or keys.derive("sms-hook").hex()


def simulation_of(settings: Settings, keys: MasterKeys, clock: Clock) -> Simulation:
    wechat = simulated_wechat.player(settings, clock)
    if settings.sms_carrier != "simulated":
        return Simulation(carrier=None, wechat=wechat, push_receipts=lambda: 0)
    carrier = SimulatedCarrier.approving(
        settings.var_dir / "carrier.db", clock.now, settings.sms_signature, SIMULATED_LIMITS
    )
    poster = HookPoster(f"{settings.base_url}/hooks/sms/tencent?secret={hook_secret(settings, keys)}")
    return Simulation(carrier=carrier, wechat=wechat, push_receipts=lambda: carrier.push_receipts(poster))


def message_faults(settings: Settings) -> list[str]:
    """Faults of texts and of their registration. They are found at the start and not by a patient."""
    faults: list[str] = []
    try:
        lint(TEMPLATES.values(), settings.sms_signature)
    except TemplateFaults as error:
        faults += error.faults
    if settings.sms_carrier == "tencent":
        missing = sorted(name for name in names_of_family(settings.sms_family) if not _template_ids(settings).get(name))
        faults += [f"CLOUDFILM_TENCENT_TEMPLATE_IDS lacks {name}" for name in missing]
    return faults


def _template_ids(settings: Settings) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in settings.tencent_template_ids)


def registered_texts(settings: Settings, simulation: Simulation) -> list[Finding]:
    """What the carrier says of each text of the family in use. Raises NotAnswered."""
    registry = sms_sender(settings, simulation)
    try:
        return findings(names_of_family(settings.sms_family), registry.registered())
    except SendingError as error:
        raise NotAnswered(f"the carrier says {error.code}: {error.reason}") from None


def sms_sender(settings: Settings, simulation: Simulation) -> Carrier:
    if simulation.carrier is not None:
        return simulation.carrier
    account = TencentAccount(
        settings.tencent_secret_id,
        settings.tencent_secret_key,
        settings.tencent_sms_app_id,
        settings.tencent_sms_region,
    )
    return TencentSender(account, _template_ids(settings))
