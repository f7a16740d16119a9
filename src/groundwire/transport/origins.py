"""Which hosts and origins may speak to us: the guard against rebinding and foreign pages."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Origins:
    """``allowed`` are host names beside the local ones, such as ``kb.example.org``.

    ``own`` is the host that is listened on: one may connect to it by that name, but a page
    from another of its ports is foreign.
    """

    allowed: Collection[str] = ()
    own: str | None = None

    def knows_host(self, host: str | None) -> bool:
        """Whether a ``Host`` header names us.

        A name that is an address cannot be rebound to another one; any other name must be
        known, or a foreign page could reach us under a name of its own.
        """
        name = _hostname(f"//{host}") if host else None
        known = (*LOCAL, *self.allowed, self.own)
        return name is not None and (name in known or _is_address(name))

    def knows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether an ``Origin`` header, where there is one, is that of our own pages."""
        if origin is None:
            return True
        name = _hostname(origin)
        if name is None:
            return False
        return name in self.allowed or (host is not None and _is_same(origin, host))


def is_local(address: str | None) -> bool:
    """Whether a peer's address is on this machine."""
    return address is not None and _is_address(address) and ip_address(address).is_loopback


def _is_same(origin: str, host: str) -> bool:
    """Whether both name one server; this machine's names are one."""
    page, own = urlsplit(origin), urlsplit(f"{urlsplit(origin).scheme}://{host}")
    if page.netloc == own.netloc:
        return True
    try:
        is_same_port = page.port == own.port
    except ValueError:
        # A port that is no number, or too large a one.
        return False
    return is_same_port and page.hostname in LOCAL and own.hostname in LOCAL


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
