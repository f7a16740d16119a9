"""One run of one case, and the mark by which what a case does is found."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp

from groundwire.conformance.cases import Case, Client, Transport
from groundwire.conformance.door import knock
from groundwire.conformance.subject import Spawned, Subject, spawn
from groundwire.conformance.wire import Wire, wire


@dataclass(slots=True)
class Trial:
    """One run of one case: the server, and how to speak to it.

    ``spawn`` starts a server of the case's own, with settings of its own.
    """

    case: Case
    subject: Subject
    transport: Transport
    client: Client
    stack: AsyncExitStack

    @property
    def node(self) -> Spawned:
        """The subject, of a case that needs one that obeys."""
        assert isinstance(self.subject, Spawned)
        return self.subject

    async def spawn(self, *scripts: Any, **settings: Any) -> Spawned:
        return await self.stack.enter_async_context(spawn(*scripts, **settings))

    async def wire(self, session: str, **options: Any) -> Wire:
        """Read ``session`` over this trial's transport, to its end unless closed before."""
        subject = options.pop("subject", self.subject)
        transport = options.pop("transport", self.transport)
        return await self.stack.enter_async_context(wire(transport, subject, session, **options))

    async def begun(self, subject: Subject | None = None) -> str:
        """Begin a conversation under an id of the server's own and return it."""
        subject = subject or self.subject
        headers = {"Authorization": f"Bearer {subject.key}"}
        async with (
            aiohttp.ClientSession(subject.url, headers=headers) as http,
            http.post("/api/v1/conversations", json={}) as response,
        ):
            return str((await response.json())["id"])

    async def until_let_in(self, subject: Subject, session: str) -> None:
        """Return once a connection is taken; one that was cut may be noticed a little later."""
        headers = {"Authorization": f"Bearer {subject.key}"}
        met = await knock(self.transport, subject, headers=headers, session=session)
        while not met.is_let_in:
            await asyncio.sleep(0.05)  # nobody tells when
            met = await knock(self.transport, subject, headers=headers, session=session)


Check = Callable[[Trial], Awaitable[None]]
marked: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Mark what a case does. It raises ``Broken`` if the rule is not kept."""

    def mark(function: Check) -> Check:
        marked[name] = function
        return function

    return mark
