"""Builds the room services/wechat, and the connection to WeChat. Its rules are in app/services/wechat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app.bootstrap import simulated_wechat
from app.bootstrap.carriers import Simulation, field_keys
from app.bootstrap.ground import Ground
from app.config import Settings
from app.errors import NotAnswered
from app.security.session_tokens import SessionTokens
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.bounded_asking import BoundedAsking
from app.services.wechat.callback import Callback
from app.services.wechat.login import WechatLogin
from app.services.wechat.notice_check import NoticeCheck
from app.services.wechat.states import LoginStates
from app.services.wechat.subscriptions import Subscriptions
from app.services.wechat.token_shelf import TokenName, TokenShelf
from wechat import menu
from wechat.account import (
    Client,
    Credentials,
    OfficialAccount,
    fetch_from_centre,
    fetch_stable_token,
    fetch_ticket,
)
from wechat.door import Door
from wechat.errors import WechatError
from wechat.notices import WechatNotifier
from wechat.oauth import authorize_url, exchange
from wechat.page_signature import SignedPage, signed_page
from wechat.pushes import Endpoint, Mode
from wechat.sender import TemplateSender
from wechat.set_up import Finding, findings, template_findings
from wechat.templates import LABELS, TEMPLATES
from wechat.tokens import Fetch, SharedToken

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The official account as this process reaches it. `ticket`: signs pages for WeChat's scripts."""

    door: Door
    credentials: Credentials
    account: OfficialAccount
    ticket: SharedToken
    open_url: str
    notifier: WechatNotifier | None
    now: Callable[[], datetime]
    fields: Mapping[str, str]
    """Of our notices, by key."""

    def signed(self, url: str) -> SignedPage:
        """What WeChat's script on the page at this address needs. Raises CallError."""
        return signed_page(self.credentials.appid, self.ticket.current(), url, self.now())


@dataclass(frozen=True, kw_only=True)
class WechatRoom:
    accounts: WechatAccounts
    connection: Connection | None
    login: WechatLogin | None
    """None without WeChat, or without the AppSecret that asks who looks."""
    login_tokens: SessionTokens
    callback: Callback
    subscriptions: Subscriptions
    notice_check: NoticeCheck


def build(ground: Ground, simulation: Simulation, enqueue: Callable[[Session, str, str], None]) -> WechatRoom:
    accounts = WechatAccounts(clock=ground.clock, fields=ground.fields, blind=ground.blind, audit=ground.audit)
    connection = _connection(ground, simulation)
    return WechatRoom(
        accounts=accounts,
        connection=connection,
        login=_login(ground, accounts, connection) if connection and connection.credentials.secret else None,
        login_tokens=SessionTokens(ground.keys.derive("wechat-login-jwt"), "wechat-login"),
        callback=_callback(ground),
        subscriptions=Subscriptions(
            db=ground.db,
            clock=ground.clock,
            fields=ground.fields,
            audit=ground.audit,
            accounts=accounts,
            template_id=_subscription_id(ground.settings),
            sign=connection.signed if connection else None,
        ),
        notice_check=_notice_check(ground, connection, enqueue),
    )


def _login(ground: Ground, accounts: WechatAccounts, connection: Connection) -> WechatLogin:
    back_to = f"{ground.settings.base_url}/wx/callback"
    return WechatLogin(
        db=ground.db,
        clock=ground.clock,
        codes=ground.codes,
        fields=ground.fields,
        audit=ground.audit,
        refusals=ground.refusals,
        accounts=accounts,
        asking=BoundedAsking(codes=ground.codes, shared=ground.settings.shared_group),
        states=LoginStates(ground.keys.derive("wechat-state")),
        authorize_url=partial(authorize_url, connection.open_url, connection.credentials.appid, back_to),
        exchange=partial(exchange, connection.door, connection.credentials),
    )


def _callback(ground: Ground) -> Callback:
    settings = ground.settings
    endpoint = None
    if settings.wechat_callback != "off":
        endpoint = Endpoint(
            Mode(settings.wechat_callback),
            settings.wechat_appid,
            settings.wechat_callback_token,
            settings.wechat_aes_key,
            settings.wechat_relay_secret,
        )
    return Callback(
        db=ground.db,
        clock=ground.clock,
        codes=ground.codes,
        refusals=ground.refusals,
        endpoint=endpoint,
        base_url=settings.base_url,
    )


def _connection(ground: Ground, simulation: Simulation) -> Connection | None:
    settings = ground.settings
    if settings.wechat_notices == "simulated":
        assert simulation.wechat is not None
        door = Door(simulation.wechat.base_url, simulation.wechat.session)
        credentials = Credentials(simulated_wechat.APPID, simulated_wechat.SECRET)
        return _connected(ground, door, credentials, door.base_url, simulated_wechat.TEMPLATE_IDS)
    if not settings.wechat_appid:
        return None
    credentials = Credentials(settings.wechat_appid, settings.wechat_secret)
    template_ids = dict(word.partition("=")[::2] for word in settings.wechat_template_ids)
    ids = template_ids if settings.wechat_notices == "template" else None
    return _connected(ground, Door(settings.wechat_api_url), credentials, settings.wechat_open_url, ids)


def _connected(
    ground: Ground, door: Door, credentials: Credentials, open_url: str, template_ids: Mapping[str, str] | None
) -> Connection:
    settings = ground.settings
    fetch: Fetch = partial(fetch_stable_token, door, credentials)
    if settings.wechat_token_url:
        fetch = partial(fetch_from_centre, Door(settings.wechat_token_url), settings.wechat_token_secret)
    account = OfficialAccount(door, _shared(ground, TokenName.ACCESS, fetch))
    return Connection(
        door=door,
        credentials=credentials,
        account=account,
        ticket=_shared(ground, TokenName.JSAPI, partial(fetch_ticket, account)),
        open_url=open_url,
        notifier=TemplateSender(account, template_ids, _subscription_id(settings)) if template_ids else None,
        now=ground.clock.now,
        fields={key: LABELS[source] for source, key in field_keys(settings.wechat_fields).items()},
    )


def _subscription_id(settings: Settings) -> str:
    is_simulated = settings.wechat_notices == "simulated"
    return simulated_wechat.SUBSCRIPTION_ID if is_simulated else settings.wechat_subscription_id


def _shared(ground: Ground, name: TokenName, fetch: Fetch) -> SharedToken:
    shelf = TokenShelf(db=ground.db, clock=ground.clock, fields=ground.fields, name=name)
    return SharedToken(shelf, fetch, ground.clock.now, _alarm)


def _alarm() -> None:
    log.error("WeChat hands out a token that it does not take: nothing is asked for ten minutes")


def set_up_of(room: WechatRoom) -> Iterator[Finding]:
    """What is right and wrong in the set-up of the account. Raises NotAnswered without an account."""
    connection = _needed(room)
    return findings(connection.account, _registered(connection))


def _registered(connection: Connection) -> dict[str, tuple[str, Mapping[str, str]]]:
    """Our name of a template -> its id in the account, and its fields."""
    notifier = connection.notifier
    ids = notifier.template_ids if isinstance(notifier, TemplateSender) else {}
    return {name: (ids.get(name, ""), connection.fields) for name in TEMPLATES}


def _notice_check(
    ground: Ground, connection: Connection | None, enqueue: Callable[[Session, str, str], None]
) -> NoticeCheck:
    look = None
    if connection is not None and connection.notifier is not None:
        look = partial(template_findings, connection.account, _registered(connection))
    return NoticeCheck(db=ground.db, clock=ground.clock, enqueue=enqueue, look=look)


def menu_of(settings: Settings, room: WechatRoom, name: str, *, only_shows: bool) -> str:
    """Merge our entry into the menu of the account; what changes. Raises NotAnswered."""
    connection = _needed(room)
    client = Client(connection.account, connection.credentials.appid)
    prefix = f"{settings.base_url}/wx/enter"
    try:
        before = menu.current(client)
        after = menu.merged(before, menu.Entry(name, f"{prefix}?to=exams", prefix))
        difference = menu.difference(before, after)
        if difference and not only_shows:
            menu.write(client, after)
    except WechatError as error:
        raise NotAnswered(f"WeChat says {error}") from None
    return difference


def _needed(room: WechatRoom) -> Connection:
    if room.connection is None:
        raise NotAnswered("CLOUDFILM_WECHAT_APPID is empty")
    return room.connection
