"""The state of a conversation is the fold of its events."""

from collections.abc import Iterable
from typing import Literal, assert_never

import msgspec

from groundwire.model.events import (
    Citation,
    ConversationEvent,
    Done,
    FinishReason,
    MessageCreated,
    Progress,
    Reasoning,
    Recorded,
    Source,
    Sources,
    Token,
    TurnFailed,
    TurnStarted,
    decode_conversation_event,
)
from groundwire.model.ids import MessageId, TurnId

MessageStatus = Literal["streaming", "complete"]


class Fault(msgspec.Struct, rename="camel", omit_defaults=True):
    code: str
    message: str
    retryable: bool


class Message(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A question or an answer, as far as it has come."""

    message_id: MessageId
    turn_id: TurnId
    role: Literal["user", "assistant"]
    content: str
    status: MessageStatus
    created_at: str
    parent_id: MessageId | None = None
    fork_of: MessageId | None = None
    author: str | None = None
    client_message_id: str | None = None
    language: str | None = None
    model: str | None = None
    why: str | None = None
    reasoning: str | None = None
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    finish_reason: FinishReason | None = None
    content_hash: str | None = None
    error: Fault | None = None


class Running(msgspec.Struct, kw_only=True, rename="camel"):
    """The turn that is not done: the one that runs, or else waits longest."""

    turn_id: TurnId
    message_id: MessageId | None = None
    status: str = "queued"
    msg: str = ""
    content: str = ""


class _Envelope(msgspec.Struct):
    ts: str


_envelope = msgspec.json.Decoder(_Envelope)


class Fold:
    """Folds a conversation's events, in order, into messages.

    Total: it never refuses what is in the log, and passes over what it does not know.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.messages: dict[MessageId, Message] = {}
        self.turns: dict[TurnId, Running] = {}

    def add(self, recorded: Iterable[Recorded]) -> None:
        for each in recorded:
            event = decode_conversation_event(each.data)
            if event is not None:
                self._apply(event, _envelope.decode(each.data).ts)
            self.seq = each.seq

    @property
    def running(self) -> Running | None:
        """Return the oldest turn that is not done."""
        return next(iter(self.turns.values()), None)

    def path(self, leaf: MessageId | None) -> list[Message]:
        """Return the messages from the first to ``leaf``, along the branch that it is on."""
        found: list[Message] = []
        while leaf is not None and (message := self.messages.get(leaf)) is not None:
            found.append(message)
            leaf = message.parent_id
        return found[::-1]

    def _apply(self, event: ConversationEvent, ts: str) -> None:
        match event:
            case MessageCreated():
                self.messages[event.message_id] = _question(event, ts)
                self.turns[event.turn_id] = Running(turn_id=event.turn_id)
            case TurnStarted():
                self.messages[event.message_id] = _answer(event, ts)
                self._running(event.turn_id).message_id = event.message_id
            case Progress():
                running = self._running(event.turn_id)
                running.status, running.msg = event.status, event.msg
            case Done():
                self._finish(event)
            case Sources() | Token() | Reasoning() | Citation() | TurnFailed():
                self._grow(event)
            case _:
                assert_never(event)

    def _grow(self, event: Sources | Token | Reasoning | Citation | TurnFailed) -> None:
        running = self._running(event.turn_id)
        message = self.messages.get(running.message_id) if running.message_id else None
        if message is None:
            return
        match event:
            case Token():
                message.content += event.content
                running.content = message.content
            case Reasoning():
                message.reasoning = (message.reasoning or "") + event.content
            case Sources():
                message.sources = event.items
            case Citation():
                message.citations = (*message.citations, event)
            case TurnFailed():
                message.error = Fault(event.code, event.message, event.retryable)
            case _:
                assert_never(event)

    def _running(self, turn: TurnId) -> Running:
        return self.turns.setdefault(turn, Running(turn_id=turn))

    def _finish(self, event: Done) -> None:
        self.turns.pop(event.turn_id, None)
        message = self.messages.get(event.message_id)
        if message is not None:
            message.status = "complete"
            message.finish_reason = event.finish_reason
            message.content_hash = event.content_hash


def _question(event: MessageCreated, ts: str) -> Message:
    return Message(
        message_id=event.message_id,
        turn_id=event.turn_id,
        role="user",
        content=event.content,
        status="complete",
        created_at=ts,
        parent_id=event.parent_id,
        author=event.author,
        client_message_id=event.client_message_id,
        language=event.language,
    )


def _answer(event: TurnStarted, ts: str) -> Message:
    return Message(
        message_id=event.message_id,
        turn_id=event.turn_id,
        role="assistant",
        content="",
        status="streaming",
        created_at=ts,
        parent_id=event.parent_id,
        fork_of=event.fork_of,
        model=event.model,
        why=event.why or None,
    )
