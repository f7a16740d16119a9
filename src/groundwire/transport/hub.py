"""The connections of this node: caps, the clock they are shown, and revocation."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from groundwire.access.authenticate import LOCAL, Authenticator
from groundwire.model.access import Identity
from groundwire.model.errors import ConnectionLimit, GroundwireError, Overloaded
from groundwire.model.ids import PrincipalId
from groundwire.transport.connection import Limits

logger = logging.getLogger(__name__)

TICK_S = 1.0
REVOCATION_S = 2.0
DRAIN_S = 2.0
STOPS = "This server is about to stop. Connect again in a moment."

Device = tuple[PrincipalId, str]
Claim = tuple[PrincipalId, str | None]


class Member(Protocol):
    """A connection as the hub sees it; none of them makes the hub wait."""

    @property
    def identity(self) -> Identity | None: ...

    def tick(self, now: float, wall: float) -> None: ...

    def revoked(self) -> None: ...

    def replaced(self) -> None: ...

    async def drain(self) -> None: ...


@dataclass(slots=True)
class Hub:
    limits: Limits
    authenticator: Authenticator
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    tick_s: float = TICK_S
    revocation_s: float = REVOCATION_S
    node: str = field(default_factory=lambda: secrets.token_hex(4))
    _draining: bool = False
    _members: set[Member] = field(default_factory=set[Member])
    _claims: dict[Member, Claim] = field(default_factory=dict[Member, Claim])
    _per_user: Counter[PrincipalId] = field(default_factory=Counter[PrincipalId])
    _devices: dict[Device, Member] = field(default_factory=dict[Device, Member])

    @property
    def members(self) -> Collection[Member]:
        return self._members

    def enter(self, member: Member) -> None:
        """Raises ``Overloaded`` where the node is full, or stops."""
        if self._draining:
            raise Overloaded(STOPS)
        if self.limits.enforced and len(self._members) >= self.limits.connections:
            raise Overloaded("This server has no room for another connection. Try again soon.")
        self._members.add(member)

    def claim(self, member: Member, principal: PrincipalId, device: str | None = None) -> None:
        """Count the connection as this user's, in place of an older one of the same device.

        Raises ``ConnectionLimit``.
        """
        if member in self._claims:
            return
        if device is not None and (older := self._devices.get((principal, device))):
            self._release(older)
            older.replaced()
        if self.limits.enforced and self._per_user[principal] >= self.limits.connections_per_user:
            raise ConnectionLimit(self.limits.connections_per_user)
        self._claims[member] = (principal, device)
        self._per_user[principal] += 1
        if device is not None:
            self._devices[principal, device] = member

    def leave(self, member: Member) -> None:
        self._members.discard(member)
        self._release(member)

    def _release(self, member: Member) -> None:
        principal, device = self._claims.pop(member, (None, None))
        if principal is None:
            return
        self._per_user[principal] -= 1
        if not self._per_user[principal]:
            del self._per_user[principal]
        if device is not None:
            del self._devices[principal, device]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Show the connections the clock, and end those whose credential was revoked."""
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(self._tick())
            checking = group.create_task(self._check())
            try:
                yield
            finally:
                ticking.cancel()
                checking.cancel()

    async def drain(self) -> None:
        """Tell every connection to go elsewhere, and close it; let nobody in any more."""
        self._draining = True
        tasks = [asyncio.ensure_future(member.drain()) for member in self._members]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.tick_s)
            now, wall = self.clock(), self.wall()
            for member in list(self._members):
                member.tick(now, wall)

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(self.revocation_s)
            by_credential: dict[str, list[Member]] = {}
            for member in self._members:
                if member.identity and member.identity.credential.id != LOCAL:
                    by_credential.setdefault(member.identity.credential.id, []).append(member)
            for credential in await self._revoked(by_credential.keys()):
                for member in by_credential[credential]:
                    member.revoked()

    async def _revoked(self, credentials: Collection[str]) -> Collection[str]:
        if not credentials:
            return ()
        try:
            return await self.authenticator.revoked(credentials)
        except GroundwireError as error:
            # The clock must not stop: it is asked again in a moment.
            logger.warning("revoked tokens cannot be looked up: %s", error.message)
            return ()
