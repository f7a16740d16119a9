"""What each event does to a conversation: the same as on the server. Pure."""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from groundwire_client._state import Fault, Message, State, Steering, ToolUse, Turn
from groundwire_client.events import (
    AnswerReset,
    AnyEvent,
    ApprovalRequired,
    Citation,
    MessageCreated,
    Reasoning,
    Recorded,
    SourcesFound,
    StatusChanged,
    SteerAccepted,
    SteerApplied,
    SteerFailed,
    Token,
    ToolApproved,
    ToolCalled,
    ToolDenied,
    ToolFailed,
    ToolResult,
    TurnDone,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

ToolChange = ApprovalRequired | ToolApproved | ToolDenied | ToolResult | ToolFailed
Each = TypeVar("Each")


def fold(state: State, recorded: Recorded) -> State:
    """Return ``state`` after an event. Total: what it does not know leaves it as it is."""
    event = recorded.event
    match event:
        case MessageCreated():
            state = _with_message(state, _question(event, recorded.ts))
            return _change_turn(state, event.turn_id)
        case TurnStarted():
            state = _with_message(state, _answer(event, recorded.ts))
            return _change_turn(state, event.turn_id, message_id=event.message_id)
        case StatusChanged():
            return _change_turn(
                state, event.turn_id, status=event.status, msg=event.msg, detail=event.detail
            )
        case TurnDone():
            return _finish(state, event)
        case SteerAccepted() | SteerApplied() | SteerFailed():
            return _steer(state, event)
        case TurnEvent():
            return _grow(state, event)
        case _:
            return state


def _finish(state: State, event: TurnDone) -> State:
    turns = tuple(each for each in state.turns if each.turn_id != event.turn_id)
    return _change_message(
        replace(state, turns=turns),
        event.message_id,
        lambda message: replace(
            message,
            status="complete",
            finish_reason=event.finish_reason,
            content_hash=event.content_hash,
            usage=event.usage,
        ),
    )


def _steer(state: State, event: SteerAccepted | SteerApplied | SteerFailed) -> State:
    if isinstance(event, SteerApplied):
        return _change_message(
            state, event.message_id, lambda message: replace(message, steered=event.steered)
        )
    turn = state.find_turn(event.turn_id) or Turn(turn_id=event.turn_id)
    if isinstance(event, SteerFailed):
        return _give_back(state, turn, event)
    steering = Steering(
        message_id=event.message_id,
        content=event.content,
        author=event.author,
        client_message_id=event.client_message_id,
    )
    return _change_turn(state, event.turn_id, steers=(*turn.steers, steering))


def _give_back(state: State, turn: Turn, event: SteerFailed) -> State:
    failed = tuple(each for each in turn.steers if each.message_id == event.message_id)
    steers = tuple(each for each in turn.steers if each not in failed)
    state = _change_turn(state, event.turn_id, steers=steers)
    if turn.message_id is None:
        return state
    returned = tuple(replace(each, reason=event.reason) for each in failed)
    return _change_message(
        state,
        turn.message_id,
        lambda message: replace(message, returned=(*message.returned, *returned)),
    )


def _grow(state: State, event: TurnEvent) -> State:
    """Change the answer of the event's turn, if it has begun."""
    state = _change_turn(state, event.turn_id)
    turn = state.find_turn(event.turn_id)
    if turn is None or turn.message_id is None:
        return state
    state = _change_message(state, turn.message_id, lambda message: _grown(message, event))
    message = state.find_message(turn.message_id)
    if message is None or message.content == turn.content:
        return state
    return _change_turn(state, event.turn_id, content=message.content)


def _grown(message: Message, event: AnyEvent | TurnEvent) -> Message:
    match event:
        case Token():
            return replace(message, content=message.content + event.content)
        case Reasoning():
            return replace(message, reasoning=(message.reasoning or "") + event.content)
        case SourcesFound():
            return replace(message, sources=event.items)
        case Citation():
            return replace(message, citations=(*message.citations, event))
        case AnswerReset():
            return _reset(message, event)
        case TurnFailed():
            return replace(message, error=Fault(event.code, event.message, event.retryable))
        case _:
            return _with_tool(message, event)


def _reset(message: Message, event: AnswerReset) -> Message:
    end, thought = event.to_offset, event.to_reasoning
    return replace(
        message,
        content=message.content[:end],
        reasoning=(message.reasoning or "")[:thought] or None,
        citations=tuple(each for each in message.citations if each.end <= end),
        tools=tuple(
            use for use in message.tools if use.offset <= end and use.reasoning_offset <= thought
        ),
        error=None,
    )


def _with_tool(message: Message, event: AnyEvent | TurnEvent) -> Message:
    if isinstance(event, ToolCalled):
        use = ToolUse(
            tool_call_id=event.tool_call_id,
            name=event.name,
            input=event.input,
            offset=event.offset,
            reasoning_offset=event.reasoning_offset,
        )
        return replace(message, tools=(*message.tools, use))
    if not isinstance(event, ToolChange):
        return message
    return replace(
        message,
        tools=tuple(
            _changed(use, event) if use.tool_call_id == event.tool_call_id else use
            for use in message.tools
        ),
    )


def _changed(use: ToolUse, event: ToolChange) -> ToolUse:
    match event:
        case ApprovalRequired():
            return replace(
                use,
                status="waiting",
                approval_id=event.approval_id,
                msg=event.msg,
                expires_at=event.expires_at,
                schema=event.schema,
            )
        case ToolApproved():
            input = use.input if event.input is None else event.input
            return replace(use, status="approved", author=event.author, input=input)
        case ToolDenied():
            reason = event.reason or None
            return replace(
                use, status="denied", author=event.author, reason=reason, code=event.code
            )
        case ToolResult():
            return replace(use, status="done", output=event.output)
        case ToolFailed():
            return replace(use, status="failed", reason=event.message, code=event.code)


def _question(event: MessageCreated, ts: str) -> Message:
    return Message(
        message_id=event.message_id,
        turn_id=event.turn_id,
        role=event.role,
        content=event.content,
        status="complete",
        created_at=ts,
        parent_id=event.parent_id,
        fork_of=event.fork_of,
        author=event.author,
        client_message_id=event.client_message_id,
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


def _with_message(state: State, message: Message) -> State:
    if state.find_message(message.message_id) is not None:
        return _change_message(state, message.message_id, lambda _: message)
    return replace(state, messages=(*state.messages, message))


def _change_message(state: State, id: str, change: Callable[[Message], Message]) -> State:
    messages = _changed_last(state.messages, lambda message: message.message_id == id, change)
    return state if messages is None else replace(state, messages=messages)


def _change_turn(state: State, id: str, **fields: object) -> State:
    """Change the turn, which begins with its first event."""
    turns = _changed_last(
        state.turns, lambda turn: turn.turn_id == id, lambda turn: replace(turn, **fields)
    )
    if turns is None:
        turns = (*state.turns, replace(Turn(turn_id=id), **fields))
    return replace(state, turns=turns)


def _changed_last(
    items: tuple[Each, ...], is_it: Callable[[Each], bool], change: Callable[[Each], Each]
) -> tuple[Each, ...] | None:
    """Return ``items`` with the last one that ``is_it`` changed, or ``None`` without one."""
    for at in range(len(items) - 1, -1, -1):
        if is_it(items[at]):
            return (*items[:at], change(items[at]), *items[at + 1 :])
    return None
