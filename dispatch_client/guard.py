"""Keeps deliveries from going where no dispatch centre is: into this machine, its network, a cloud's own addresses."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias

from aiohttp import ClientSession, TCPConnector

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Networks: TypeAlias = tuple[Network, ...]
LOOPBACK: Networks = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_NAT64 = IPv6Network("64:ff9b::/96")


class InternalTargetError(OSError):
    """The address is an internal one that was not allowed."""


def guarded_session(allowed: Networks) -> ClientSession:
    """Return a session that connects to public addresses and those in ``allowed`` alone.

    It looks at the address that the socket is about to be made for, so that neither a name, nor one that is resolved
    twice with different results, nor a way of writing numbers gets past it.
    """

    def make(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = info
        check(where[0], allowed)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return ClientSession(connector=TCPConnector(socket_factory=make))


def check(address: str, allowed: Iterable[Network]) -> None:
    """Raise ``InternalTargetError`` unless ``address`` is public or in one of ``allowed``."""
    seen = ip_address(address.partition("%")[0])
    meant = _embedded(seen)
    if any(one in network for one in (seen, meant) for network in allowed if network.version == one.version):
        return
    if not (meant.is_global and seen.is_global) or meant.is_multicast:
        raise InternalTargetError("the address is internal; see HUYING_DISPATCH_NETWORKS")


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, else ``address``."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
