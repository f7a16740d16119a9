from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from groundwire.model.cursor import Head
from groundwire.model.events import ConversationEvent, Event, Recorded
from groundwire.model.ids import LogId, MessageId
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


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a checkpoint.

    ``place`` counts the messages of a conversation from 1 in the order they came.
    ``sources`` is the seq of the event that says what it rests on, which ``data`` leaves out.
    """

    place: int
    id: MessageId
    data: bytes
    sources: int | None = None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a log folds into up to ``seq``, apart from its messages, of which there are ``count``.

    It is derived: nothing is lost with it. ``format`` is that of ``turns`` and of `Kept.data`.
    """

    format: int
    seq: int
    count: int
    turns: bytes


class Merged(msgspec.Struct, frozen=True):
    """An event that stands for all from the seq ``first`` to ``seq``; ``data`` as `Recorded`."""

    first: int
    seq: int
    data: bytes


class Span(msgspec.Struct, frozen=True):
    """The events of a log past ``after`` and up to ``to``."""

    log: LogId
    after: int
    to: int


class Past(Protocol):
    """A conversation's log and its checkpoint at one moment, as a recollection sees them."""

    @property
    def head(self) -> Head: ...

    @property
    def standing(self) -> Standing: ...

    @property
    def checkpoint(self) -> Checkpoint | None: ...

    def read(self, *, after: int, limit: int) -> Sequence[Recorded]:
        """Return at most ``limit`` events with seq > ``after``, in order."""
        ...

    def find(self, id: MessageId) -> Kept | None:
        """Return the message as the checkpoint has it."""
        ...

    def list_before(self, place: int, *, limit: int) -> Sequence[Kept]:
        """Return the checkpoint's last ``limit`` messages before ``place``, in order."""
        ...


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

        Empty means caught up, never "skip ahead": what is returned goes on from ``after``. One
        event may stand for several (`compact`); where ``after`` lies between those, there is
        nothing to go on with and ``Compacted`` is raised. Raises ``NotFound``.
        """
        ...

    async def wait(self, log: LogId, *, after: int) -> None:
        """Return once an event past ``after`` may exist. May return for nothing."""
        ...

    async def head(self, log: LogId) -> Head:
        """Return the log's epoch and last seq. Raises ``NotFound``."""
        ...

    async def recall(self, log: LogId, recollection: Callable[[Past], T]) -> T:
        """Run ``recollection`` on the log as it is at one moment, whatever is written meanwhile.

        It may run in another thread and changes nothing. Raises ``NotFound``.
        """
        ...

    async def keep(
        self, log: LogId, checkpoint: Checkpoint, messages: Sequence[Kept], *, since: int
    ) -> None:
        """Store ``checkpoint`` in place of the one as of ``since``, of the same format.

        ``messages`` are those that are new or have changed; where ``since`` is 0 they are all,
        and what was kept in another format is thrown away. Nothing happens if another
        checkpoint than that has been stored meanwhile. Raises ``NotFound``.
        """
        ...

    async def next_end(self) -> LogId:
        """Wait until a turn ends that this process runs; return its conversation.

        Several ends in one conversation may be told as one. For one caller at a time.
        """
        ...

    async def find_ended(self, before: datetime) -> Span | None:
        """Return a span that is not compacted, to the end of a turn that ended by ``before``.

        It holds no token of a turn that has not ended. The one that waits longest comes first.
        """
        ...

    async def compact(self, log: LogId, merged: Sequence[Merged], *, up_to: int) -> None:
        """Store each of ``merged`` in place of the events it stands for, all or none.

        Nothing else changes: not the head, not what is remembered of questions. Up to
        ``up_to``, which the checkpoint must have reached, this is then done. Raises
        ``NotFound``.
        """
        ...

    async def list_busy(self) -> Sequence[LogId]:
        """Return the conversations with a turn that is active or waits."""
        ...

    async def remove(self, log: LogId) -> None:
        """Forget the log and all that belongs to it, and wake its readers.

        From the beginning on they meet ``NotFound``; in the end nothing of it is left.
        """
        ...

    async def purge(self) -> None:
        """Delete what is left of logs whose removal did not come to its end."""
        ...
