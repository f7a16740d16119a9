"""The one writer of a turn: what the model says becomes events, in commits."""

from collections.abc import Sequence
from hashlib import sha256

from groundwire.answer.cite import Citer
from groundwire.answer.clean import Cleaner
from groundwire.conversation import decide
from groundwire.model.errors import GroundwireError
from groundwire.model.events import (
    Citation,
    ConversationEvent,
    Done,
    FinishReason,
    Reasoning,
    Source,
    Token,
    TurnFailed,
    Usage,
)
from groundwire.model.ids import LogId, TurnId
from groundwire.model.standing import Active
from groundwire.ports.chat_model import Delta
from groundwire.ports.event_log import EventLog


class AnswerWriter:
    """Holds the text that is in the log, and its hash.

    The text grows before the append is awaited: an append that was begun is committed even
    if the one who waits for it is cancelled, and `finish` comes after it.
    """

    def __init__(self, log: EventLog, id: LogId, active: Active) -> None:
        self._log = log
        self._id = id
        self._active = active
        self._hash = sha256()
        self._cleaner = Cleaner()
        self._citer = Citer(0)
        self._sources: Sequence[Source] = ()
        self.length = 0
        self._reasoned = 0

    def rest_on(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._citer = Citer(len(sources))

    async def append(self, *events: ConversationEvent) -> None:
        await self._log.append(self._id, events, fence=self._active.fence)

    async def write(self, deltas: Sequence[Delta]) -> None:
        """Append what the model made since the last time, in one commit."""
        events: list[ConversationEvent] = []
        for delta in deltas:
            if delta.reasoning:
                events.append(self._reason(delta.content))
            else:
                events += self._say(self._cleaner.feed(delta.content))
        if events:
            await self.append(*events)

    async def end(self) -> None:
        """Append what was held back for its other half."""
        if events := self._say(self._cleaner.flush()):
            await self.append(*events)

    async def finish(
        self, reason: FinishReason, usage: Usage, error: GroundwireError | None = None
    ) -> None:
        """Append ``done``, after why the turn failed if it did."""
        asked = self._active.asked
        failed = None if error is None else _failed(asked.turn, error)
        done = Done(
            turn_id=asked.turn,
            message_id=asked.answer,
            finish_reason=reason,
            content_hash=self._hash.hexdigest(),
            usage=usage,
        )
        await self._log.decide(
            self._id, lambda desk: decide.finish(desk, self._active, done, failed)
        )

    def _say(self, text: str) -> list[ConversationEvent]:
        if not text:
            return []
        asked = self._active.asked
        token = Token(turn_id=asked.turn, message_id=asked.answer, content=text, offset=self.length)
        self.length += len(text)
        self._hash.update(text.encode())
        citations = [
            Citation(
                turn_id=asked.turn,
                message_id=asked.answer,
                start=span.start,
                end=span.end,
                source_id=self._sources[span.n - 1].id,
            )
            for span in self._citer.feed(text)
        ]
        return [token, *citations]

    def _reason(self, text: str) -> Reasoning:
        asked = self._active.asked
        event = Reasoning(
            turn_id=asked.turn, message_id=asked.answer, content=text, offset=self._reasoned
        )
        self._reasoned += len(text)
        return event


def _failed(turn: TurnId, error: GroundwireError) -> TurnFailed:
    return TurnFailed(
        turn_id=turn, code=error.code, message=error.message, retryable=error.retryable
    )
