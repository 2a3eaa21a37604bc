"""Which presentation contexts the DIMSE door accepts, and in which transfer syntax each (PS3.7 D.3.3.4).

Every syntax can be kept as received, but not every one can be shown: what can goes first. Storage is offered for
storage classes only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import acse
from pynetdicom.presentation import PresentationContext, negotiate_as_acceptor, negotiate_unrestricted

from app.services.archive.frames import SHOWN_SYNTAXES

_NO_SYNTAX = 0x04
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."
_STORAGE_NAME = re.compile(r"Storage( - .*)?( SOP Class)?( - Trial)?( \(Retired\))?\Z")
_NOT_OVER_THE_NETWORK = frozenset({"1.2.840.10008.1.3.10"})  # the directory of a medium (PS3.4 I.4)

Roles = dict[UID, tuple[bool | None, bool | None]]
Negotiated = tuple[list[PresentationContext], list[Any]]


def offer_storage_only() -> None:
    """From now on associations of this process are negotiated here. The library calls one function for it, and has no
    other way to choose."""
    vars(acse)["negotiate_unrestricted"] = negotiate


def negotiate(
    asked: list[PresentationContext], supported: list[PresentationContext], roles: Roles | None = None
) -> Negotiated:
    """The answer to each context of a request, in the order of their ids."""
    offering = [context for context in asked if context.transfer_syntax]
    for context in offering:
        context.transfer_syntax = list(in_order_of_use(context.transfer_syntax))
    storage = [context for context in offering if is_storage(str(context.abstract_syntax))]
    others = [context for context in offering if not is_storage(str(context.abstract_syntax))]
    stored, stored_roles = negotiate_unrestricted(storage, [], roles)
    answered, answered_roles = negotiate_as_acceptor(others, supported, roles)
    refused = [_refused(context) for context in asked if not context.transfer_syntax]
    contexts = sorted([*stored, *answered, *refused], key=lambda context: context.context_id or 0)
    return contexts, [*stored_roles, *answered_roles]


def _refused(asked: PresentationContext) -> PresentationContext:
    """The answer to a context without any transfer syntax; the library would end the whole association. An answer holds
    a syntax that means nothing (PS3.8 9.3.3.2)."""
    answer = PresentationContext()
    answer.context_id, answer.abstract_syntax = asked.context_id, asked.abstract_syntax
    answer.transfer_syntax, answer.result = [ImplicitVRLittleEndian], _NO_SYNTAX
    return answer


def in_order_of_use(syntaxes: Sequence[UID]) -> list[UID]:
    """What can be shown in the sender's own order, which knows what coding costs it; but Explicit takes the place of
    Implicit before it, and big endian comes behind. Then what can only be kept, private ones last."""
    order = sorted(syntaxes, key=_rank)
    if ImplicitVRLittleEndian in order and ExplicitVRLittleEndian in order:
        implicit, explicit = order.index(ImplicitVRLittleEndian), order.index(ExplicitVRLittleEndian)
        if implicit < explicit:
            order[implicit], order[explicit] = order[explicit], order[implicit]
    return order


def _rank(syntax: UID) -> int:
    if syntax in SHOWN_SYNTAXES:
        return 1 if syntax == ExplicitVRBigEndian else 0
    return 3 if syntax.is_private else 2


@lru_cache(maxsize=1024)
def is_storage(uid: str) -> bool:
    """A private class may be one; so may a class of the standard's storage root that is newer than our dictionary."""
    if UID(uid).is_private:
        return True
    if uid not in UID_dictionary:
        return uid.startswith(_STORAGE_ROOT)
    name, kind = UID_dictionary[uid][:2]
    return kind == "SOP Class" and uid not in _NOT_OVER_THE_NETWORK and _STORAGE_NAME.search(name) is not None
