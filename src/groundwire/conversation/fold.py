"""The state of a conversation is the fold of its events."""

from collections.abc import Callable, Iterable
from typing import assert_never

import msgspec

from groundwire.conversation.state import Fault, Message, Running, Steering, ToolUse
from groundwire.model.events import (
    AnswerReset,
    ApprovalRequired,
    Citation,
    ConversationEvent,
    Done,
    MessageCreated,
    Progress,
    Reasoning,
    Recorded,
    Sources,
    SteerAccepted,
    SteerApplied,
    SteerFailed,
    Token,
    ToolApproved,
    ToolCalled,
    ToolDenied,
    ToolFailed,
    ToolResult,
    TurnFailed,
    TurnStarted,
    decode_conversation_event,
)
from groundwire.model.ids import MessageId, TurnId

ToolChange = ApprovalRequired | ToolApproved | ToolDenied | ToolResult | ToolFailed
Growth = Sources | Token | Reasoning | Citation | AnswerReset | TurnFailed | ToolCalled | ToolChange


class _Envelope(msgspec.Struct):
    ts: str


_envelope = msgspec.json.Decoder(_Envelope)


class Fold:
    """Folds a conversation's events, in order, into messages.

    Total: it never refuses what is in the log, and passes over what it does not know.
    It may go on from what is known up to ``seq``: then ``turns`` are those not done, and
    ``earlier`` finds a message that is not in ``messages`` yet. ``sources`` are the seqs of
    the events that say what a message rests on.
    """

    def __init__(
        self,
        seq: int = 0,
        turns: Iterable[Running] = (),
        earlier: Callable[[MessageId], Message | None] | None = None,
    ) -> None:
        self.seq = seq
        self.messages: dict[MessageId, Message] = {}
        self.turns: dict[TurnId, Running] = {turn.turn_id: turn for turn in turns}
        self.sources: dict[MessageId, int] = {}
        self._earlier = earlier

    def add(self, recorded: Iterable[Recorded]) -> None:
        for each in recorded:
            self.seq = each.seq
            event = decode_conversation_event(each.data)
            if event is not None:
                self._apply(event, _envelope.decode(each.data).ts)

    def find(self, id: MessageId) -> Message | None:
        """Return the message as far as it has come."""
        if id in self.messages or self._earlier is None:
            return self.messages.get(id)
        found = self._earlier(id)
        if found is not None:
            self.messages[id] = found
        return found

    @property
    def running(self) -> Running | None:
        """Return the oldest turn that is not done."""
        return next(iter(self.turns.values()), None)

    def path(self, leaf: MessageId | None, limit: int | None = None) -> list[Message]:
        """Return the messages from the first to ``leaf``, along the branch that it is on.

        With a ``limit``, the last so many of them.
        """
        found: list[Message] = []
        while leaf is not None and len(found) != limit:
            message = self.find(leaf)
            if message is None:
                break
            found.append(message)
            leaf = message.parent_id
        return found[::-1]

    def _apply(self, event: ConversationEvent, ts: str) -> None:
        match event:
            case MessageCreated():
                self._begin(_question(event, ts))
                self.turns[event.turn_id] = Running(turn_id=event.turn_id)
            case TurnStarted():
                self._begin(_answer(event, ts))
                self._running(event.turn_id).message_id = event.message_id
            case Progress():
                running = self._running(event.turn_id)
                running.status, running.msg = event.status, event.msg
                running.detail = event.detail
            case Done():
                self._finish(event)
            case SteerAccepted() | SteerApplied() | SteerFailed():
                self._steer(event)
            case _:
                self._grow(event)

    def _begin(self, message: Message) -> None:
        self.messages[message.message_id] = message
        self.sources.pop(message.message_id, None)

    def _grow(self, event: Growth) -> None:
        running = self._running(event.turn_id)
        message = self._answer_of(running)
        if message is None:
            return
        if isinstance(event, Sources):
            self.sources[message.message_id] = self.seq
        _grow(message, event)
        running.content = message.content

    def _steer(self, event: SteerAccepted | SteerApplied | SteerFailed) -> None:
        match event:
            case SteerAccepted():
                running = self._running(event.turn_id)
                steering = Steering(
                    message_id=event.message_id,
                    content=event.content,
                    author=event.author,
                    client_message_id=event.client_message_id,
                )
                running.steers = (*running.steers, steering)
            case SteerApplied():
                if (message := self.find(event.message_id)) is not None:
                    message.steered = event.steered
            case SteerFailed():
                self._give_back(event)
            case _:
                assert_never(event)

    def _give_back(self, event: SteerFailed) -> None:
        running = self._running(event.turn_id)
        failed = [each for each in running.steers if each.message_id == event.message_id]
        running.steers = tuple(each for each in running.steers if each not in failed)
        message = self._answer_of(running)
        if message is not None:
            returned = (msgspec.structs.replace(each, reason=event.reason) for each in failed)
            message.returned = (*message.returned, *returned)

    def _running(self, turn: TurnId) -> Running:
        return self.turns.setdefault(turn, Running(turn_id=turn))

    def _answer_of(self, running: Running) -> Message | None:
        return self.find(running.message_id) if running.message_id else None

    def _finish(self, event: Done) -> None:
        self.turns.pop(event.turn_id, None)
        message = self.find(event.message_id)
        if message is not None:
            message.status = "complete"
            message.finish_reason = event.finish_reason
            message.content_hash = event.content_hash
            message.usage = event.usage


def _grow(message: Message, event: Growth) -> None:
    match event:
        case Token():
            message.content += event.content
        case Reasoning():
            message.reasoning = (message.reasoning or "") + event.content
        case Sources():
            message.sources = event.items
        case Citation():
            message.citations = (*message.citations, event)
        case AnswerReset():
            _reset(message, event)
        case TurnFailed():
            message.error = Fault(event.code, event.message, event.retryable)
        case _:
            _use_tool(message, event)


def _use_tool(message: Message, event: ToolCalled | ToolChange) -> None:
    if isinstance(event, ToolCalled):
        use = ToolUse(
            tool_call_id=event.tool_call_id,
            name=event.name,
            input=event.input,
            offset=event.offset,
            reasoning_offset=event.reasoning_offset,
            step=event.step,
        )
        message.tools = (*message.tools, use)
        return
    for use in message.tools:
        if use.tool_call_id == event.tool_call_id:
            _change(use, event)


def _reset(message: Message, event: AnswerReset) -> None:
    end = event.to_offset
    message.content = message.content[:end]
    message.reasoning = (message.reasoning or "")[: event.to_reasoning] or None
    message.citations = tuple(each for each in message.citations if each.end <= end)
    message.tools = tuple(each for each in message.tools if _is_kept(each, event))
    message.error = None


def _is_kept(use: ToolUse, event: AnswerReset) -> bool:
    return use.offset <= event.to_offset and use.reasoning_offset <= event.to_reasoning


def _change(use: ToolUse, event: ToolChange) -> None:
    match event:
        case ApprovalRequired():
            use.status, use.approval_id, use.msg = "waiting", event.approval_id, event.msg
            use.expires_at, use.schema = event.expires_at, event.schema
        case ToolApproved():
            use.status, use.author = "approved", event.author
            use.input = use.input if event.input is None else event.input
        case ToolDenied():
            use.status, use.author = "denied", event.author
            use.reason, use.code = event.reason or None, event.code
        case ToolResult():
            use.status, use.output = "done", event.output
        case ToolFailed():
            use.status, use.reason, use.code = "failed", event.message, event.code
        case _:
            assert_never(event)


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
        fork_of=event.fork_of,
        language=event.language,
        attachments=event.attachments,
        filter=event.filter,
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
