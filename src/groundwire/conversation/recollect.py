"""A conversation as it is by now: its checkpoint, and the fold of what came after it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from groundwire.conversation.fold import Fold
from groundwire.conversation.state import Message, Running
from groundwire.model.errors import Unavailable
from groundwire.model.events import Sources
from groundwire.model.ids import LogId, MessageId
from groundwire.ports.event_log import Checkpoint, EventLog, Kept, Past

T = TypeVar("T")

FORMAT = 4
"""Grows whenever `Message`, `Running` or the fold change so that what is kept must be made anew."""

FAR = 1_000
"""A checkpoint that is further behind, in events, is brought up before the log is read."""

STEP = 1_000
"""How many events are folded into a checkpoint at once; others can read and write in between."""

BATCH = 256

_encoder = msgspec.json.Encoder()
_message = msgspec.json.Decoder(Message)
_sources = msgspec.json.Decoder(Sources)
_turns = msgspec.json.Decoder(list[Running])


class Recollection:
    """A conversation at one moment, of which no more is read than is asked for.

    ``limit`` is how many events past the checkpoint are known at most, else all are.
    """

    def __init__(self, past: Past, *, limit: int | None = None) -> None:
        self._past = past
        self._kept = _usable(past)
        self._places: dict[MessageId, int] = {}
        self._fold = Fold(self._kept.seq, _turns.decode(self._kept.turns), self._earlier)
        self._read(limit)
        self._new = [id for id in self._fold.messages if self.place(id) is None]
        for place, id in enumerate(self._new, self._kept.count + 1):
            self._places[id] = place
        self.count = self._kept.count + len(self._new)
        self.head = past.head
        self.standing = past.standing

    @property
    def seq(self) -> int:
        return self._fold.seq

    @property
    def turns(self) -> Sequence[Running]:
        """The turns that are not done, the oldest first."""
        return list(self._fold.turns.values())

    def find(self, id: MessageId) -> Message | None:
        return self._fold.find(id)

    def path(self, leaf: MessageId | None, limit: int) -> list[Message]:
        """Return the last ``limit`` messages up to ``leaf`` along its branch, in order."""
        return self._fold.path(leaf, limit)

    def place(self, id: MessageId) -> int | None:
        """Return which message it is, from 1 in the order they came."""
        if id not in self._places and (kept := self._find(id)) is not None:
            self._places[id] = kept.place
        return self._places.get(id)

    def list_before(self, place: int, limit: int) -> list[Message]:
        """Return the last ``limit`` messages that came before ``place``, in order."""
        new = self._new[: max(0, place - 1 - self._kept.count)][-limit:]
        older = min(place, self._kept.count + 1)
        kept = self._past.list_before(older, limit=limit - len(new))
        return [
            *(self._fold.messages.get(each.id) or self._load(each) for each in kept),
            *(self._fold.messages[id] for id in new),
        ]

    def excerpt(self, messages: Sequence[Message]) -> Fold:
        """Return the fold with no other messages than these."""
        fold = Fold(self.seq, self.turns)
        fold.messages = {each.message_id: each for each in messages}
        return fold

    def checkpoint(self) -> tuple[Checkpoint, list[Kept]]:
        """Return what is to be kept, and those messages that were touched since the last time."""
        checkpoint = Checkpoint(
            format=FORMAT, seq=self.seq, count=self.count, turns=_encoder.encode(self.turns)
        )
        return checkpoint, [self._keep(each) for each in self._fold.messages.values()]

    def _read(self, limit: int | None) -> None:
        left = self._past.head.seq - self._kept.seq if limit is None else limit
        while left > 0 and (batch := self._past.read(after=self.seq, limit=min(BATCH, left))):
            self._fold.add(batch)
            left -= len(batch)

    def _earlier(self, id: MessageId) -> Message | None:
        kept = self._find(id)
        return None if kept is None else self._load(kept)

    def _find(self, id: MessageId) -> Kept | None:
        return self._past.find(id) if self._kept.seq else None

    def _load(self, kept: Kept) -> Message:
        message = _message.decode(kept.data)
        self._places[kept.id] = kept.place
        if kept.sources is not None:
            self._fold.sources[kept.id] = kept.sources
            (recorded,) = self._past.read(after=kept.sources - 1, limit=1)
            message.sources = _sources.decode(recorded.data).items
        self._fold.messages[kept.id] = message
        return message

    def _keep(self, message: Message) -> Kept:
        id = message.message_id
        sources = self._fold.sources.get(id)
        stored = message if sources is None else msgspec.structs.replace(message, sources=())
        data = _encoder.encode(stored)
        return Kept(place=self._places[id], id=id, data=data, sources=sources)


async def recollect(log: EventLog, id: LogId, work: Callable[[Recollection], T]) -> T:
    """Run ``work``, which may run in another thread, on the conversation as it is by now.

    A checkpoint that is far behind is brought up first. Raises ``NotFound``.
    """

    def unless_far(past: Past) -> tuple[T] | None:
        if past.head.seq - _usable(past).seq > FAR:
            return None
        return (work(Recollection(past)),)

    found = await log.recall(id, unless_far)
    if found is not None:
        return found[0]
    # A disk that is full keeps no checkpoint; the log is there all the same.
    with suppress(Unavailable):
        await catch_up(log, id)
    return await log.recall(id, lambda past: work(Recollection(past)))


async def catch_up(log: EventLog, id: LogId) -> None:
    """Bring the checkpoint up to the end of the log, in steps. Raises ``NotFound``."""

    def advance(past: Past) -> tuple[Checkpoint, list[Kept], int] | None:
        since = _usable(past).seq
        if since == past.head.seq:
            return None
        return *Recollection(past, limit=STEP).checkpoint(), since

    while (made := await log.recall(id, advance)) is not None:
        checkpoint, messages, since = made
        await log.keep(id, checkpoint, messages, since=since)


def _usable(past: Past) -> Checkpoint:
    kept = past.checkpoint
    if kept is not None and kept.format == FORMAT:
        return kept
    return Checkpoint(format=FORMAT, seq=0, count=0, turns=b"[]")
