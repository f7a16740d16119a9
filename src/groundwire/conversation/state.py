"""What the events of a conversation fold into, as clients are shown it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from groundwire.model.events import Citation, FinishReason, Usage
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, TurnId
from groundwire.model.sources import Source

MessageStatus = Literal["streaming", "complete"]
ToolStatus = Literal["called", "waiting", "approved", "denied", "done", "failed"]


class Fault(msgspec.Struct, rename="camel", omit_defaults=True):
    code: str
    message: str
    retryable: bool


class ToolUse(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A call of a tool in an answer, as far as it has come.

    ``offset`` and ``reasoning_offset`` are how much stood before it. ``waiting`` is for a
    person, until ``expires_at``; ``reason`` is why it was denied or failed.
    """

    tool_call_id: str
    name: str
    input: dict[str, object]
    offset: int
    reasoning_offset: int = 0
    step: int = 1
    status: ToolStatus = "called"
    approval_id: str | None = None
    msg: str | None = None
    expires_at: str | None = None
    schema: dict[str, object] = {}
    author: str | None = None
    reason: str | None = None
    code: str | None = None
    output: str | None = None


class Steering(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A correction that was accepted: it waits to be applied, or was given back for ``reason``."""

    message_id: MessageId
    content: str
    author: str
    client_message_id: str | None = None
    reason: str | None = None


class Message(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A question or an answer, as far as it has come.

    ``steered`` is the turn that this question corrected; ``returned`` are the corrections of
    this answer that were given back, as it ended before they could be applied.
    """

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
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None
    model: str | None = None
    why: str | None = None
    reasoning: str | None = None
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    steered: TurnId | None = None
    returned: tuple[Steering, ...] = ()
    finish_reason: FinishReason | None = None
    content_hash: str | None = None
    usage: Usage | None = None
    error: Fault | None = None


class Running(msgspec.Struct, kw_only=True, rename="camel"):
    """A turn that is not done: it runs or waits."""

    turn_id: TurnId
    message_id: MessageId | None = None
    status: str = "queued"
    msg: str = ""
    detail: dict[str, object] = {}
    content: str = ""
    steers: tuple[Steering, ...] = ()


class Approval(msgspec.Struct, kw_only=True, rename="camel"):
    """A call of a tool that waits for a person."""

    approval_id: str
    turn_id: TurnId
    message_id: MessageId
    tool_call_id: str
    name: str
    input: dict[str, object]
    msg: str
    expires_at: str
    schema: dict[str, object]


def open_approvals(messages: Iterable[Message]) -> list[Approval]:
    """Return the calls in ``messages`` that wait for a person, the oldest first."""
    return [
        Approval(
            approval_id=use.approval_id,
            turn_id=message.turn_id,
            message_id=message.message_id,
            tool_call_id=use.tool_call_id,
            name=use.name,
            input=use.input,
            msg=use.msg or "",
            expires_at=use.expires_at or "",
            schema=use.schema,
        )
        for message in messages
        for use in message.tools
        if use.status == "waiting" and use.approval_id is not None
    ]
