"""Builds the room services/channels: every channel by its name. Its carriers are chosen in `carriers`."""

from __future__ import annotations

from app.bootstrap.carriers import Simulation, field_keys, sms_sender
from app.bootstrap.ground import Ground
from app.bootstrap.wechat import WechatRoom
from app.services.channels.carried_codes import CarriedCodes
from app.services.channels.channel import Channels
from app.services.channels.sms import SmsChannel
from app.services.channels.wechat import WechatChannel
from app.services.patient_access.codes import AccessCodes
from sms.aliyun.codes import TABLE as ALIYUN
from sms.gateway import sender as gateway_sender
from sms.tencent.codes import TABLE as TENCENT
from wechat.templates import notices_with


def build(ground: Ground, codes: AccessCodes, wechat_room: WechatRoom, simulation: Simulation) -> Channels:
    settings = ground.settings
    carried = CarriedCodes(codes=ground.codes, access_codes=codes)
    sms = SmsChannel(
        fields=ground.fields,
        carried=carried,
        sender=sms_sender(settings, simulation),
        alarms=lambda code: TENCENT.is_alarm(code) or ALIYUN.is_alarm(code) or gateway_sender.is_alarm(code),
        family=settings.sms_family,
        signature=settings.sms_signature,
        base_url=settings.base_url,
    )
    connection = wechat_room.connection
    wechat = WechatChannel(
        carried=carried,
        accounts=wechat_room.accounts,
        subscriptions=wechat_room.subscriptions,
        notifier=connection.notifier if connection else None,
        templates=notices_with(field_keys(settings.wechat_fields)),
        base_url=settings.base_url,
    )
    return {sms.name: sms, wechat.name: wechat}
