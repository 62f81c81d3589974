"""Whose request it is: the address of the client, also behind proxies that are known."""

import logging
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from aiohttp import web

from groundwork.settings import Network

log = logging.getLogger(__name__)

HEADER = "X-Forwarded-For"
UNKNOWN = "unknown"  #: the connection does not say where it comes from

Address: TypeAlias = IPv4Address | IPv6Address


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Return the address of whoever asks, or ``None`` when only the operator could tell.

    ``forwarded`` holds the ``X-Forwarded-For`` headers. Only what trusted proxies wrote is believed: the
    address is the rightmost that is not one of theirs. ``None`` stands for a peer that looks like a proxy
    of ours while no proxy is configured: all its clients would be one address.
    """
    nearest = _read(peer)
    if nearest is None:
        return peer or UNKNOWN
    if not _is_one_of(nearest, trusted):
        looks_like_ours = bool(forwarded) and not trusted and nearest.is_private
        return None if looks_like_ours else str(nearest)
    for hop in reversed(",".join(forwarded).split(",")):
        found = _read(hop.strip())
        if found is None:
            break  # no proxy writes this: what stands left of it is the client's own invention
        nearest = found
        if not _is_one_of(nearest, trusted):
            break
    return str(nearest)


class Proxies:
    """The proxies that one program trusts."""

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted, self._told = tuple(trusted), False

    def client_of(self, request: web.Request) -> str | None:
        """Return ``client_address`` of ``request``; that nobody can tell is logged once."""
        address = client_address(request.remote or "", request.headers.getall(HEADER, []), self._trusted)
        if address is None and not self._told:
            self._told = True
            log.warning("proxy.untold", extra={"setting": "HUYING_TRUSTED_PROXIES"})
        return address


PROXIES: web.AppKey[Proxies] = web.AppKey("proxies", Proxies)
_NONE = Proxies()  #: for an application that names none


def address_of(request: web.Request) -> str | None:
    """Return the client's address by the application's ``PROXIES``; ``None``: lock nobody by address."""
    return request.config_dict.get(PROXIES, _NONE).client_of(request)


def counted_as(address: str | None) -> str | None:
    """Return what limits count ``address`` as: of IPv6 its /64, which one customer has whole."""
    found = _read(address or "")
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


def is_loopback(address: str | None) -> bool:
    """Tell whether ``address`` is this machine's own."""
    found = _read(address or "")
    return found is not None and found.is_loopback


def _is_one_of(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _read(text: str) -> Address | None:
    """Return the address in ``text``, which may bear a port; IPv4 in IPv6 clothes is IPv4."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
