"""The log in memory: the reference that every other one must behave like, and a test's fake."""

import asyncio
import secrets
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from groundwire.model.cursor import Head
from groundwire.model.errors import Compacted, Fenced, NotFound
from groundwire.model.events import ConversationEvent, Event, Recorded
from groundwire.model.ids import LogId, MessageId, Now
from groundwire.model.standing import Asked, Standing
from groundwire.ports.event_log import Checkpoint, Desk, Kept, Merged, Past, Span

T = TypeVar("T")


class MemoryEventLog:
    def __init__(self, now: Now) -> None:
        self._now = now
        self._logs: dict[LogId, _Log] = {}
        self._grown = asyncio.Condition()
        self._ended: dict[LogId, None] = {}

    async def create(self, log: LogId, *, name: str) -> None:
        self._logs.setdefault(log, _Log(log, name))

    async def decide(
        self,
        log: LogId,
        decision: Callable[[Desk], T],
        *,
        sync: bool = True,  # noqa: ARG002 (memory knows no power loss)
    ) -> T:
        stored = self._get(log)
        desk = _MemoryDesk(stored)
        result = decision(desk)
        if stored.standing.active is not None and desk.standing.active is None:
            self._ended[log] = None
            stored.ended[stored.head + len(desk.events)] = self._now()
        stored.standing = desk.standing
        stored.fence = desk.fence
        stored.asked |= desk.new
        await self._extend(stored, desk.events)
        return result

    async def append(self, log: LogId, events: Sequence[Event], *, fence: int = 0) -> int:
        stored = self._get(log)
        if log.startswith("conversation:") and (
            fence != stored.fence or not stored.standing.is_busy
        ):
            raise Fenced
        await self._extend(stored, events)
        return stored.head

    async def read(self, log: LogId, *, after: int, limit: int) -> Sequence[Recorded]:
        return self._get(log).read(after, limit)

    async def wait(self, log: LogId, *, after: int) -> None:
        async with self._grown:
            await self._grown.wait_for(
                lambda: log not in self._logs or self._logs[log].head > after
            )

    async def head(self, log: LogId) -> Head:
        stored = self._get(log)
        return Head(stored.epoch, stored.head)

    async def recall(self, log: LogId, recollection: Callable[[Past], T]) -> T:
        return recollection(_MemoryPast(self._get(log)))

    async def keep(
        self, log: LogId, checkpoint: Checkpoint, messages: Sequence[Kept], *, since: int
    ) -> None:
        stored = self._get(log)
        is_usable = stored.checkpoint and stored.checkpoint.format == checkpoint.format
        if since != (stored.checkpoint.seq if stored.checkpoint and is_usable else 0):
            return
        if since == 0:
            stored.kept.clear()
        stored.checkpoint = checkpoint
        stored.kept |= {each.id: each for each in messages}

    async def next_end(self) -> LogId:
        async with self._grown:
            await self._grown.wait_for(lambda: self._ended)
        log = next(iter(self._ended))
        del self._ended[log]
        return log

    async def find_ended(self, before: datetime) -> Span | None:
        due = {
            log: [seq for seq, at in stored.ended.items() if at <= before]
            for log, stored in self._logs.items()
        }
        waiting = [log for log, seqs in due.items() if seqs]
        if not waiting:
            return None
        log = min(waiting, key=lambda log: min(self._logs[log].ended.values()))
        return Span(log, self._logs[log].compacted, max(due[log]))

    async def compact(self, log: LogId, merged: Sequence[Merged], *, up_to: int) -> None:
        stored = self._get(log)
        assert stored.checkpoint is not None
        assert up_to <= stored.checkpoint.seq
        for each in merged:
            at = bisect_left(stored.events, each.first, key=_seq)
            until = bisect_right(stored.events, each.seq, key=_seq)
            stored.events[at:until] = [each]
        stored.compacted = up_to
        stored.ended = {seq: at for seq, at in stored.ended.items() if seq > up_to}

    async def list_busy(self) -> Sequence[LogId]:
        return [log for log, stored in self._logs.items() if stored.standing.is_busy]

    async def remove(self, log: LogId) -> None:
        self._logs.pop(log, None)
        async with self._grown:
            self._grown.notify_all()

    async def purge(self) -> None:
        pass

    def _get(self, log: LogId) -> "_Log":
        if log not in self._logs:
            raise NotFound("conversation")
        return self._logs[log]

    async def _extend(self, stored: "_Log", events: Sequence[Event]) -> None:
        at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for event in events:
            seq = stored.head + 1
            body = msgspec.to_builtins(event) | stored.envelope | {"seq": seq, "ts": at}
            stored.events.append(Merged(seq, seq, msgspec.json.encode(body)))
        async with self._grown:
            self._grown.notify_all()


def _seq(event: Merged) -> int:
    return event.seq


class _Log:
    def __init__(self, log: LogId, name: str) -> None:
        field = "sessionId" if log.startswith("conversation:") else "workspaceId"
        self.envelope = {field: name}
        self.epoch = secrets.token_hex(5)
        self.events: list[Merged] = []
        self.standing = Standing()
        self.fence = 0
        self.asked: dict[tuple[str, str], Asked] = {}
        self.checkpoint: Checkpoint | None = None
        self.kept: dict[MessageId, Kept] = {}
        self.compacted = 0
        self.ended: dict[int, datetime] = {}

    @property
    def head(self) -> int:
        return self.events[-1].seq if self.events else 0

    def read(self, after: int, limit: int) -> list[Recorded]:
        start = bisect_right(self.events, after, key=_seq)
        found = self.events[start : start + limit]
        if found and found[0].first <= after:
            raise Compacted(found[0].first)
        return [Recorded(each.seq, each.data) for each in found]


class _MemoryDesk:
    def __init__(self, log: _Log) -> None:
        self._log = log
        self.standing = log.standing
        self.fence = log.fence
        self.events: list[ConversationEvent] = []
        self.new: dict[tuple[str, str], Asked] = {}

    def append(self, event: ConversationEvent) -> int:
        self.events.append(event)
        return self._log.head + len(self.events)

    def next_fence(self) -> int:
        self.fence += 1
        return self.fence

    def find_asked(self, author: str, client_message_id: str) -> Asked | None:
        return self._log.asked.get((author, client_message_id))

    def remember(self, asked: Asked) -> None:
        self.new[(asked.author, asked.client_message_id)] = asked


class _MemoryPast:
    def __init__(self, log: _Log) -> None:
        self._log = log
        self.head = Head(log.epoch, log.head)
        self.standing = log.standing
        self.checkpoint = log.checkpoint

    def read(self, *, after: int, limit: int) -> Sequence[Recorded]:
        return self._log.read(after, limit)

    def find(self, id: MessageId) -> Kept | None:
        return self._log.kept.get(id)

    def list_before(self, place: int, *, limit: int) -> Sequence[Kept]:
        before = [each for each in self._log.kept.values() if each.place < place]
        return sorted(before, key=lambda each: each.place)[-limit:] if limit else []
