"""Builds the room services/wechat. Its rules are in app/services/wechat."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.services.wechat.accounts import WechatAccounts


@dataclass(frozen=True, kw_only=True)
class WechatRoom:
    accounts: WechatAccounts


def build(ground: Ground) -> WechatRoom:
    accounts = WechatAccounts(clock=ground.clock, fields=ground.fields, blind=ground.blind, audit=ground.audit)
    return WechatRoom(accounts=accounts)
