"""Which addresses are those of the public internet, and which host names are addresses. Pure."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


# IANA's registry of special-purpose addresses, and what a cloud keeps for itself. Written out:
# what `ipaddress` calls private differs from one patch of Python to the next.
_NOT_PUBLIC_4 = _networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",  # Azure's own service for its machines
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
# Everything outside is local, mapped, translated or reserved.
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = _networks(
    "2001::/23",  # Teredo and other protocols'
    "2001:db8::/32",
    "2002::/16",  # 6to4: an IPv4 address inside
    "3fff::/20",
)
# How a network of IPv6 alone reaches the public IPv4: the last 32 bits are that address.
_TRANSLATED = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Say whether ``address`` is of the public internet, and of nobody's own network."""
    if isinstance(address, IPv4Address):
        return not _is_in(address, _NOT_PUBLIC_4)
    if address in _TRANSLATED:
        return is_public(IPv4Address(address.packed[-4:]))
    return address in _PUBLIC_6 and not _is_in(address, _NOT_PUBLIC_6)


def read_literal(host: str) -> Address | None:
    """Return the address that ``host`` spells, in any notation that a resolver takes for one."""
    try:
        if ":" in host:
            # One with a zone (`fe80::1%eth0`) names a network of this machine.
            return None if "%" in host else IPv6Address(host)
        return IPv4Address(socket.inet_aton(host.removesuffix(".")))
    except (OSError, ValueError):
        return None


def _is_in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
