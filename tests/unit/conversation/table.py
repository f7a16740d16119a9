"""A conversation in memory, and what is decided on it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from groundwire.adapters.memory import MemoryEventLog
from groundwire.conversation import decide
from groundwire.conversation.asked import Accepted
from groundwire.conversation.fold import Fold
from groundwire.model.events import Done, FinishReason
from groundwire.model.ids import ConversationId, MessageId, TurnId, conversation_log
from groundwire.model.standing import Active
from groundwire.ports.event_log import Desk

T = TypeVar("T")
LOG = conversation_log(ConversationId("alice"))


class Table:
    """A conversation, and what is decided on it."""

    def __init__(self) -> None:
        self.log = MemoryEventLog(lambda: datetime(2026, 1, 1, tzinfo=UTC))

    async def run(self, decision: Callable[[Desk], T]) -> T:
        await self.log.create(LOG, name="test_123")
        return await self.log.decide(LOG, decision)

    async def ask(self, n: int, content: str = "?", **more: object) -> Accepted:
        question = replace(QUESTION, content=content, **ids(n), **more)
        return await self.run(lambda desk: decide.ask(desk, question))

    async def start(self) -> Active:
        active = await self.run(decide.start)
        assert active is not None
        return active

    async def said(self) -> list[str]:
        """Return the events so far, each as the number of its turn and its type."""
        events = await self.log.read(LOG, after=0, limit=1000)
        kinds = [msgspec.json.decode(event.data) for event in events]
        return [f"{kind['turnId']} {kind['type']}" for kind in kinds]

    async def fold(self) -> Fold:
        fold = Fold()
        fold.add(await self.log.read(LOG, after=0, limit=1000))
        return fold


def ids(n: int) -> dict[str, object]:
    return {"turn": TurnId(f"t{n}"), "message": MessageId(f"q{n}"), "answer": MessageId(f"a{n}")}


QUESTION = decide.Question(
    turn=TurnId(""), message=MessageId(""), answer=MessageId(""), author="alice", content="?"
)


def done(active: Active, reason: FinishReason = "stop") -> Done:
    return Done(
        turn_id=active.asked.turn,
        message_id=active.asked.answer,
        finish_reason=reason,
        content_hash=decide.EMPTY_HASH,
    )
