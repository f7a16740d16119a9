"""One run of one case, and the mark by which what a case does is found."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from groundwire.conformance.cases import Case, Client, Transport
from groundwire.conformance.door import knock
from groundwire.conformance.driver import Driver
from groundwire.conformance.library import LibraryWire
from groundwire.conformance.raw import WIRES
from groundwire.conformance.subject import Spawned, Subject, spawn
from groundwire.conformance.wire import Wire


@dataclass(slots=True)
class Trial:
    """One run of one case: the server, and how to speak to it.

    ``spawn`` starts a server of the case's own, with settings of its own. ``driver`` has the
    client library, unless the client is ``raw``.
    """

    case: Case
    subject: Subject
    transport: Transport
    client: Client
    stack: AsyncExitStack
    driver: Driver | None = None

    @property
    def node(self) -> Spawned:
        """The subject, of a case that needs one that obeys."""
        assert isinstance(self.subject, Spawned)
        return self.subject

    async def spawn(self, *scripts: Any, **settings: Any) -> Spawned:
        return await self.stack.enter_async_context(spawn(*scripts, **settings))

    async def wire(self, session: str, **options: Any) -> Wire:
        """Read ``session`` to its end unless closed before.

        It is read over this trial's transport, or over the first of ``ways``; as the owner,
        unless ``key`` says otherwise.
        """
        subject = options.pop("subject", self.subject)
        ways = options.pop("ways", (self.transport,))
        options = {"key": subject.key, **options}
        if self.driver is None:
            reader: Wire = WIRES[ways[0]](subject, session, **options)
        else:
            reader = LibraryWire(subject, session, driver=self.driver, ways=ways, **options)
        self.stack.push_async_callback(reader.aclose)
        await reader.open()
        return reader

    async def go_on(self, reader: Wire, transport: Transport) -> Wire:
        """Return what goes on over another transport from where ``reader`` is; that one ends."""
        if isinstance(reader, LibraryWire):
            await reader.take(transport)
            return reader
        cursor = reader.seen.cursor
        other = await self.wire(reader.session, cursor=cursor, ways=(transport,))
        other.seen.go_on_from(reader.seen)
        await reader.aclose()
        return other

    async def begun(self, subject: Subject | None = None) -> str:
        """Begin a conversation under an id of the server's own and return it."""
        subject = subject or self.subject
        return await subject.begin(subject.key)

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
