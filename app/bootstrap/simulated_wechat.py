"""The simulated WeChat that fits the settings: in this process for tests, or a config for the stand-alone one."""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import urlsplit

from app.clock import Clock
from app.config import Settings
from wechat.playing import IN_PROCESS, Player, in_process
from wechat.simulator.config import Config, Template
from wechat.simulator.world import World
from wechat.templates import KEYS, SUBSCRIBED, TEMPLATES, notices_with

APPID, SECRET = "wxsimulated000001", "simulated-secret"
TEMPLATE_IDS = {name: f"simulated-{name}" for name in TEMPLATES}
SUBSCRIPTION_ID = "simulated-subscribed"


def account(settings: Settings, appid: str = APPID, secret: str = SECRET) -> Config:
    """Our templates and our domain, as a hospital would have them registered."""
    ids = TEMPLATE_IDS | {SUBSCRIBED: SUBSCRIPTION_ID}
    templates = tuple(
        Template(ids[name], template.title, template.fields, template.approved)
        for name, template in notices_with(KEYS).items()
    )
    return Config(
        appid=appid,
        secret=secret,
        name=settings.hospital_name,
        domains=(urlsplit(settings.base_url).netloc,),
        templates=templates,
    )


def document(config: Config) -> str:
    """As `python -m wechat.simulator --config` reads it."""
    return json.dumps(asdict(config), ensure_ascii=False, indent=1)


def player(settings: Settings, clock: Clock) -> Player | None:
    """Who plays the world around the simulated WeChat; None around the real one."""
    if settings.wechat_notices == "simulated":
        world = World(account(settings), settings.var_dir / "wechat.json", lambda: clock.now().timestamp())
        return Player(IN_PROCESS, in_process(world))
    is_near = urlsplit(settings.wechat_api_url).hostname == "127.0.0.1"
    return Player(settings.wechat_api_url) if settings.is_demo and is_near else None
