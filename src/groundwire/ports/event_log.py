from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from groundwire.model.cursor import Head
from groundwire.model.events import ConversationEvent, Event, Recorded
from groundwire.model.ids import LogId
from groundwire.model.standing import Asked, Standing

T = TypeVar("T")


class Desk(Protocol):
    """A conversation's log as a decision sees it, inside the transaction that stores it."""

    standing: Standing

    def append(self, event: ConversationEvent) -> int:
        """Add ``event`` and return its seq."""
        ...

    def next_fence(self) -> int:
        """Return a number greater than any given out before for this log."""
        ...

    def find_asked(self, author: str, client_message_id: str) -> Asked | None: ...

    def remember(self, asked: Asked) -> None: ...


class EventLog(Protocol):
    """Append-only sequences of events, one per conversation and one per workspace.

    Positions count from 1 without gaps and are given inside the transaction that stores
    the event, so that several processes may share one store. What is returned to a writer
    or shown to a reader survives the death of the process; a ``synced`` event, and all
    before it, survive the loss of power.
    """

    async def create(self, log: LogId, *, name: str) -> None:
        """Make sure that ``log`` exists; ``name`` is its sessionId or workspaceId."""
        ...

    async def decide(self, log: LogId, decision: Callable[[Desk], T], *, sync: bool = True) -> T:
        """Run ``decision`` alone on ``log`` and store what it did to its desk, all or none.

        What ``decision`` raises is raised here, and then nothing is stored. Without ``sync``
        a loss of power may undo it, as long as no ``synced`` event follows. Raises
        ``NotFound``.
        """
        ...

    async def append(self, log: LogId, events: Sequence[Event], *, fence: int = 0) -> int:
        """Append all of ``events`` or none; return the seq of the last.

        Raises ``Fenced``, and changes nothing, unless ``fence`` is that of the active turn
        (0 for the log of a workspace, which has no turns). Raises ``NotFound``.
        """
        ...

    async def read(self, log: LogId, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return at most ``limit`` events with seq > ``after``, in order.

        Empty means caught up, never "skip ahead". Raises ``NotFound``.
        """
        ...

    async def wait(self, log: LogId, *, after: int) -> None:
        """Return once an event past ``after`` may exist. May return for nothing."""
        ...

    async def head(self, log: LogId) -> Head:
        """Return the log's epoch and last seq. Raises ``NotFound``."""
        ...

    async def list_busy(self) -> Sequence[LogId]:
        """Return the conversations with a turn that is active or waits."""
        ...

    async def remove(self, log: LogId) -> None:
        """Forget the log and wake its readers, who then meet ``NotFound``."""
        ...
