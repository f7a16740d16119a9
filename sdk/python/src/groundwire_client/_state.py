"""A conversation as its events make it: the same as on the server. Pure."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from groundwire_client._filter import Filter
from groundwire_client.events import Citation, Source, Usage


class Fault(msgspec.Struct, frozen=True, rename="camel"):
    """Why a turn could not go on."""

    code: str
    message: str
    retryable: bool


class ToolUse(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A call of a tool in an answer, as far as it has come.

    ``offset`` and ``reasoning_offset`` are how much stood before it. ``status`` is ``called``,
    ``waiting`` (for a person, until ``expires_at``), ``approved``, ``denied``, ``done`` or
    ``failed``; ``reason`` is why it was denied or failed.
    """

    tool_call_id: str
    name: str
    input: dict[str, object]
    offset: int
    reasoning_offset: int = 0
    status: str = "called"
    approval_id: str | None = None
    msg: str | None = None
    expires_at: str | None = None
    schema: dict[str, object] = {}
    author: str | None = None
    reason: str | None = None
    code: str | None = None
    output: str | None = None


class Steering(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A correction that was accepted: it waits to be applied, or was given back for ``reason``."""

    message_id: str
    content: str
    author: str
    client_message_id: str | None = None
    reason: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A question (``role`` is ``user``) or an answer (``assistant``), as far as it has come.

    ``status`` is ``streaming`` while more may come, then ``complete``. ``steered`` is the turn
    that this question corrected; ``returned`` are the corrections of this answer that were given
    back, as it ended before they could be applied.
    """

    message_id: str
    turn_id: str
    role: str
    content: str
    status: str
    created_at: str
    parent_id: str | None = None
    fork_of: str | None = None
    author: str | None = None
    client_message_id: str | None = None
    language: str | None = None
    attachments: tuple[str, ...] = ()
    filter: Filter | None = None
    model: str | None = None
    why: str | None = None
    reasoning: str | None = None
    sources: tuple[Source, ...] = ()
    citations: tuple[Citation, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    steered: str | None = None
    returned: tuple[Steering, ...] = ()
    finish_reason: str | None = None
    content_hash: str | None = None
    usage: Usage | None = None
    error: Fault | None = None

    @property
    def is_proved(self) -> bool:
        """Whether the text is the one that the server took the hash of."""
        return sha256(self.content.encode()).hexdigest() == self.content_hash


class Turn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A turn that is not done. ``message_id`` is its answer's, once that has begun."""

    turn_id: str
    message_id: str | None = None
    status: str = "queued"
    msg: str = ""
    detail: dict[str, object] = {}
    content: str = ""
    steers: tuple[Steering, ...] = ()


class Approval(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A call of a tool that waits for a person, until ``expires_at`` (RFC 3339)."""

    approval_id: str
    turn_id: str
    message_id: str
    tool_call_id: str
    name: str
    input: dict[str, object]
    msg: str
    expires_at: str
    schema: dict[str, object]


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="snapshot"
):
    """A conversation as of ``cursor``; what happens next goes on from it."""

    session_id: str
    cursor: str
    messages: tuple[Message, ...]
    workspace_id: str | None = None
    title: str | None = None
    turns: tuple[Turn, ...] = ()
    has_more: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: its messages, oldest first, and its turns that are not done.

    ``has_more``: the server has older messages than these.
    """

    session_id: str
    workspace_id: str | None = None
    title: str | None = None
    messages: tuple[Message, ...] = ()
    turns: tuple[Turn, ...] = ()
    has_more: bool = False

    @property
    def turn(self) -> Turn | None:
        """Return the oldest turn that is not done."""
        return self.turns[0] if self.turns else None

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """Return the calls of tools that wait for a person, the oldest first."""
        return tuple(_approvals(self.messages))

    def find_message(self, id: str) -> Message | None:
        # From the end: what is asked for is nearly always the newest.
        return next((each for each in reversed(self.messages) if each.message_id == id), None)

    def find_turn(self, id: str) -> Turn | None:
        return next((each for each in self.turns if each.turn_id == id), None)

    def find_answer(self, turn_id: str) -> Message | None:
        """Return the answer that a turn gave, or is giving."""
        return next(
            (
                each
                for each in reversed(self.messages)
                if each.turn_id == turn_id and each.role == "assistant"
            ),
            None,
        )


def from_snapshot(snapshot: Snapshot) -> State:
    """Return what all events up to the snapshot's cursor fold into."""
    return State(
        session_id=snapshot.session_id,
        workspace_id=snapshot.workspace_id,
        title=snapshot.title,
        messages=snapshot.messages,
        turns=snapshot.turns,
        has_more=snapshot.has_more,
    )


def with_older(
    state: State, before: str, messages: tuple[Message, ...], *, has_more: bool
) -> State:
    """Return ``state`` with the page of messages that stands right before the message ``before``.

    Some of them may be there already: of a branch that leaves off far back a snapshot has a
    part of its own, and nothing of what came between.
    """
    place = next((at for at, each in enumerate(state.messages) if each.message_id == before), None)
    if place is None:
        return state
    known = {each.message_id for each in messages}
    earlier = tuple(each for each in state.messages[:place] if each.message_id not in known)
    whole = (*earlier, *messages, *state.messages[place:])
    return replace(state, messages=whole, has_more=has_more)


def _approvals(messages: Iterable[Message]) -> Iterable[Approval]:
    for message in messages:
        for use in message.tools:
            if use.status == "waiting" and use.approval_id is not None:
                yield Approval(
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
