"""Builds the room services/channels: every channel by its name. Its carriers are chosen in `carriers`."""

from __future__ import annotations

from app.bootstrap.carriers import Simulation, sms_sender
from app.bootstrap.ground import Ground
from app.bootstrap.wechat import WechatRoom
from app.services.channels.carried_codes import CarriedCodes
from app.services.channels.channel import Channels
from app.services.channels.sms import SmsChannel
from app.services.channels.wechat import WechatChannel
from app.services.patient_access.codes import AccessCodes
from sms.tencent.codes import is_alarm


def build(ground: Ground, codes: AccessCodes, wechat_room: WechatRoom, simulation: Simulation) -> Channels:
    settings = ground.settings
    carried = CarriedCodes(codes=ground.codes, access_codes=codes)
    sms = SmsChannel(
        fields=ground.fields,
        carried=carried,
        sender=sms_sender(settings, simulation),
        alarms=is_alarm,
        family=settings.sms_family,
        signature=settings.sms_signature,
    )
    connection = wechat_room.connection
    wechat = WechatChannel(
        carried=carried,
        accounts=wechat_room.accounts,
        notifier=connection.notifier if connection else None,
        base_url=settings.base_url,
    )
    return {sms.name: sms, wechat.name: wechat}
