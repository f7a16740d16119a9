"""Between the connection, which is meant to last, and the transports, which come and go."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal, Protocol

from groundwire_client._log import LogReader
from groundwire_client._wire import Command, Frame, Reply
from groundwire_client.errors import (
    BadJson,
    Conflict,
    Forbidden,
    Gone,
    GroundwireError,
    InvalidField,
    NotFound,
    ProtocolViolation,
    TooLarge,
    Unauthorized,
    UnsupportedVersion,
)

Kind = Literal["lost", "again", "identity", "access", "final"]

Observer = Callable[[bytes], None]
"""Called with all that the server says, as it came and before it is taken: frames, the pages of a
long-poll, the answers to commands that were posted.
"""

OPEN_S = 10.0
"""How long a server may take to say its first word."""

FINAL = (
    BadJson, Conflict, InvalidField, ProtocolViolation, TooLarge, UnsupportedVersion,
)  # fmt: skip


class Dropped(Exception):
    """A transport ended.

    ``kind`` says what to do about it: ``lost`` (nobody said why: try again; the transport may
    be at fault), ``again`` (try again; no other transport would fare better), ``identity`` (the
    token was refused), ``access`` (something that is followed is gone, or may not be) or
    ``final``.
    """

    def __init__(
        self, error: GroundwireError, kind: Kind = "lost", *, delay_s: float | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.kind: Kind = kind
        after = error.retry_after_ms
        self.delay_s = after / 1000 if delay_s is None and after is not None else delay_s


def kind_of(error: GroundwireError) -> Kind:
    """Return what to do about an error that ended a connection."""
    match error:
        case Unauthorized():
            return "identity"
        case Forbidden() | Gone() | NotFound():
            return "access"
        case _:
            return "final" if isinstance(error, FINAL) else "again"


class Line(Protocol):
    """What a transport tells the connection."""

    @property
    def readers(self) -> Mapping[str, LogReader]: ...

    def received(self, said: bytes) -> None:
        """The server said this, whatever it may be."""
        ...

    def live(self) -> None:
        """The server knows who asks; from now on commands and attachments may be sent."""
        ...

    def heard(self, frame: Frame) -> None:
        """Something came after that."""
        ...

    def answered(self, ref: str, reply: Reply) -> None: ...

    def refused(self, ref: str, error: GroundwireError) -> None: ...


class Transport(Protocol):
    """One try to reach the server. It holds nothing that is not told again to the next one."""

    async def run(self) -> None:
        """Carry frames until it ends. Raises ``Dropped``."""
        ...

    def attach(self, reader: LogReader) -> None:
        """Bring the log from ``reader.cursor`` on, anew if it is brought already."""
        ...

    def detach(self, reader: LogReader) -> None: ...

    def send(self, command: Command) -> None:
        """Send without waiting; who can take no more ends the transport."""
        ...


async def race(*works: Coroutine[Any, Any, object]) -> None:
    """Run them all until one ends; then end the others, and raise what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in done:
        task.result()


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel them, and return when they are gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
