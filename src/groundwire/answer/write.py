"""The one writer of a turn: what the model says becomes events, in commits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from groundwire.answer.cite import Citer, Span
from groundwire.answer.clean import Cleaner, clean
from groundwire.answer.quote import find_quote
from groundwire.conversation import decide
from groundwire.conversation.state import Message
from groundwire.model.errors import GroundwireError
from groundwire.model.events import (
    AnswerReset,
    Citation,
    ConversationEvent,
    Done,
    FinishReason,
    Reasoning,
    Token,
    TurnFailed,
    TurnStarted,
    Usage,
)
from groundwire.model.ids import LogId, TurnId
from groundwire.model.places import locate
from groundwire.model.sources import Source
from groundwire.model.standing import Active
from groundwire.ports.chat_model import Delta
from groundwire.ports.event_log import EventLog

if TYPE_CHECKING:
    from _hashlib import HASH


@dataclass(slots=True)
class _Said:
    """What of the answer is in the log: lengths in code points, and the hash of the text."""

    hash: "HASH"
    length: int = 0
    reasoned: int = 0
    has_begun: bool = False

    def copy(self) -> "_Said":
        return _Said(self.hash.copy(), self.length, self.reasoned, self.has_begun)


class AnswerWriter:
    """Appends what the model says, and knows what of it is in the log.

    An append that was begun goes on if the one who waits for it is cancelled; `finish` then
    waits for it, so that the hash is that of what readers see.
    """

    def __init__(self, log: EventLog, id: LogId, active: Active) -> None:
        self._log = log
        self._id = id
        self._active = active
        self._cleaner = Cleaner()
        self._citer = Citer(0)
        self._sources: Sequence[Source] = ()
        self._said = _Said(sha256())
        self._appending: tuple[asyncio.Task[int], _Said] | None = None

    def rest_on(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._citer = Citer(len(sources))

    @property
    def lengths(self) -> tuple[int, int]:
        """How many code points of the answer and of the reasoning are in the log."""
        return self._said.length, self._said.reasoned

    def keep(self, begun: Message) -> None:
        """Go on after all that an earlier attempt wrote."""
        self._keep(begun, len(begun.content), len(begun.reasoning or ""))

    async def withdraw(self, begun: Message, length: int, reasoned: int) -> None:
        """Go on after the first ``length`` code points of an earlier attempt, taking back the
        rest.
        """
        self._keep(begun, length, reasoned)
        reached = (len(begun.content), len(begun.reasoning or ""))
        if reached != (length, reasoned) or any(each.end > length for each in begun.citations):
            asked = self._active.asked
            reset = AnswerReset(
                turn_id=asked.turn,
                message_id=asked.answer,
                to_offset=length,
                to_reasoning=reasoned,
            )
            await self._append([reset], self._said)

    async def append(self, *events: ConversationEvent) -> None:
        said = self._said.copy()
        said.has_begun |= any(isinstance(event, TurnStarted) for event in events)
        await self._append(events, said)

    async def write(self, deltas: Sequence[Delta]) -> None:
        """Append what the model made since the last time, in one commit."""
        said = self._said.copy()
        events: list[ConversationEvent] = []
        for delta in deltas:
            if delta.reasoning:
                events.append(self._reason(delta.content, said))
            else:
                events += self._say(self._cleaner.feed(delta.content), said)
        if events:
            await self._append(events, said)

    async def end(self) -> None:
        """Append what was held back for its other half."""
        said = self._said.copy()
        if events := self._say(self._cleaner.flush(), said):
            await self._append(events, said)

    async def finish(
        self, reason: FinishReason, usage: Usage, error: GroundwireError | None = None
    ) -> None:
        """Append ``done``, after why the turn failed if it did."""
        await self._settle()
        asked = self._active.asked
        failed = None if error is None else _failed(asked.turn, error)
        done = Done(
            turn_id=asked.turn,
            message_id=asked.answer,
            finish_reason=reason,
            content_hash=self._said.hash.hexdigest(),
            usage=usage,
        )
        end = partial(
            decide.finish,
            active=self._active,
            done=done,
            failed=failed,
            has_begun=self._said.has_begun,
        )
        await self._log.decide(self._id, end)

    def _keep(self, begun: Message, length: int, reasoned: int) -> None:
        self.rest_on(begun.sources)
        text = begun.content[:length]
        self._citer.feed(text)
        self._said = _Said(sha256(text.encode()), length, reasoned, has_begun=True)

    async def _append(self, events: Sequence[ConversationEvent], said: _Said) -> None:
        append = self._log.append(self._id, events, fence=self._active.fence)
        appending = asyncio.ensure_future(append)
        self._appending = (appending, said)
        await asyncio.shield(appending)
        self._said, self._appending = said, None

    async def _settle(self) -> None:
        """Learn what became of an append that nobody waited for to the end."""
        if self._appending is None:
            return
        appending, said = self._appending
        await asyncio.wait([appending])
        if appending.exception() is None:
            self._said = said
        self._appending = None

    def _say(self, text: str, said: _Said) -> list[ConversationEvent]:
        if not text:
            return []
        asked = self._active.asked
        token = Token(turn_id=asked.turn, message_id=asked.answer, content=text, offset=said.length)
        said.length += len(text)
        said.hash.update(text.encode())
        return [token, *map(self._cite, self._citer.feed(text))]

    def _cite(self, span: Span) -> Citation:
        asked, source = self._active.asked, self._sources[span.n - 1]
        quoted = find_quote(source.text, self._citer.text, span)
        where = locate(source, *(quoted or (0, len(source.text))))
        return Citation(
            turn_id=asked.turn,
            message_id=asked.answer,
            start=span.start,
            end=span.end,
            source_id=source.id,
            quote=source.text[quoted.start : quoted.end] if quoted else "",
            page=where.page,
            headings=where.headings,
            place=where.place,
        )

    def _reason(self, text: str, said: _Said) -> Reasoning:
        asked = self._active.asked
        text = clean(text)
        event = Reasoning(
            turn_id=asked.turn, message_id=asked.answer, content=text, offset=said.reasoned
        )
        said.reasoned += len(text)
        return event


def _failed(turn: TurnId, error: GroundwireError) -> TurnFailed:
    return TurnFailed(
        turn_id=turn, code=error.code, message=error.message, retryable=error.retryable
    )
