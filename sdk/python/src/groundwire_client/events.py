"""What can happen in a conversation, by the names that it has in the log and on the wire.

A type that is not here belongs to a later version: it is passed over, and its place in the
log still counts.
"""

from typing import get_args

import msgspec

from groundwire_client._event import Event
from groundwire_client._filter import Filter
from groundwire_client.workspace_events import WorkspaceEvent


class TurnEvent(Event, frozen=True, kw_only=True):
    turn_id: str


class MessageCreated(TurnEvent, frozen=True, kw_only=True, tag="message.created"):
    """A question was asked. ``fork_of`` is the question that it is another wording of;
    ``attachments`` are the documents that its answer is to rest on, if not on all; ``filter``
    limits which these may be.
    """

    message_id: str
    content: str
    role: str = "user"
    author: str | None = None
    client_message_id: str | None = None
    parent_id: str | None = None
    fork_of: str | None = None
    model: str | None = None
    language: str = "en"
    attachments: tuple[str, ...] = ()
    filter: Filter | None = None


class TurnStarted(TurnEvent, frozen=True, kw_only=True, tag="turn.started"):
    """The answer ``message_id`` begins; ``why`` says in a sentence why this model gives it."""

    message_id: str
    parent_id: str | None = None
    model: str
    why: str = ""
    fork_of: str | None = None


class StatusChanged(TurnEvent, frozen=True, kw_only=True, tag="status"):
    """What goes on now, as a word for programs and a sentence in the asker's language.

    Known words: ``queued``, ``retrieving``, ``reranking``, ``thinking``, ``generating``, ``tool``.
    """

    status: str
    msg: str
    detail: dict[str, object] = msgspec.field(default_factory=dict[str, object])


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in its file a passage stands, where that is no page: ``first`` to ``last``.

    ``unit`` is ``slide``, ``row`` or ``line``, counted from 1, or ``second``, from 0.
    """

    unit: str
    first: int
    last: int


class Spot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a passage stands from its code point ``at`` on, as far as the next spot.

    Where ``place`` counts as many rows or lines as the text there has, each line has its own.
    """

    at: int
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A passage that the answer may rest on; ``n`` is how the answer cites it, from 1.

    ``pinned``: its document is pinned, so it is there whatever was asked. ``spots`` say where
    each of its parts stands, if not all do alike.
    """

    id: str
    n: int
    document_id: str
    title: str
    text: str
    score: float
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None
    part: str = ""
    uri: str | None = None
    pinned: bool = False
    spots: tuple[Spot, ...] = ()


class SourcesFound(TurnEvent, frozen=True, kw_only=True, tag="sources"):
    """What was found, best first; comes before the first token."""

    items: tuple[Source, ...]


class Token(TurnEvent, frozen=True, kw_only=True, tag="token"):
    """A piece of the answer; ``offset`` is how many code points stand before it."""

    message_id: str
    content: str
    offset: int = 0


class Reasoning(TurnEvent, frozen=True, kw_only=True, tag="reasoning"):
    """A piece of what the model thinks before it answers."""

    message_id: str
    content: str
    offset: int = 0


class Citation(TurnEvent, frozen=True, kw_only=True, tag="citation"):
    """The answer from ``start`` to ``end`` rests on the source ``source_id``.

    Code points from the start of the answer; ``end`` is exclusive, as in a slice. ``quote`` is
    what of the source it rests on, empty if that is not known, and the rest is where that stands.
    """

    message_id: str
    start: int
    end: int
    source_id: str
    quote: str = ""
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None


class AnswerReset(TurnEvent, frozen=True, kw_only=True, tag="answer.reset"):
    """A new attempt keeps so many code points of the answer and of its reasoning, no more."""

    message_id: str
    to_offset: int
    to_reasoning: int = 0


class SteerEvent(TurnEvent, frozen=True, kw_only=True):
    """``message_id`` is the message that the correction becomes once it is applied."""

    message_id: str
    client_message_id: str | None = None


class SteerAccepted(SteerEvent, frozen=True, kw_only=True, tag="steer.accepted"):
    content: str
    author: str


class SteerApplied(SteerEvent, frozen=True, kw_only=True, tag="steer.applied"):
    """The turn ``steered`` ended, and this turn goes on with the correction."""

    steered: str


class SteerFailed(SteerEvent, frozen=True, kw_only=True, tag="steer.failed"):
    """The turn ended before it could be corrected; ``content`` is given back."""

    content: str
    reason: str


class ToolEvent(TurnEvent, frozen=True, kw_only=True):
    tool_call_id: str


class ToolCalled(ToolEvent, frozen=True, kw_only=True, tag="tool.call"):
    """The model wants a tool used; the offsets are how much stands before it."""

    message_id: str
    name: str
    input: dict[str, object]
    offset: int = 0
    reasoning_offset: int = 0


class ApprovalRequired(ToolEvent, frozen=True, kw_only=True, tag="tool.approval_required"):
    """A person has to allow the call before ``expires_at`` (RFC 3339).

    ``schema`` is the JSON Schema of what an edited input may be.
    """

    approval_id: str
    name: str
    input: dict[str, object]
    msg: str
    expires_at: str
    schema: dict[str, object] = msgspec.field(default_factory=dict[str, object])


class ToolApproved(ToolEvent, frozen=True, kw_only=True, tag="tool.approved"):
    """``author`` allowed it; ``input`` is what the tool gets, where it was edited."""

    approval_id: str
    author: str
    input: dict[str, object] | None = None


class ToolDenied(ToolEvent, frozen=True, kw_only=True, tag="tool.denied"):
    """It is not done: ``author`` denied it, or ``code`` says what else happened."""

    approval_id: str
    author: str | None = None
    reason: str = ""
    code: str | None = None


class ToolResult(ToolEvent, frozen=True, kw_only=True, tag="tool.result"):
    output: str


class ToolFailed(ToolEvent, frozen=True, kw_only=True, tag="tool.error"):
    code: str
    message: str


class TurnFailed(TurnEvent, frozen=True, kw_only=True, tag="error"):
    """Why the turn cannot go on; ``done`` follows."""

    code: str
    message: str
    retryable: bool
    retry_after_ms: int | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the answer took; times in milliseconds from the start of the turn."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token_ms: int | None = None
    total_ms: int | None = None


class TurnDone(TurnEvent, frozen=True, kw_only=True, tag="done"):
    """The one terminal event of a turn; ``content_hash`` is the SHA-256 of the answer's UTF-8.

    Known reasons: ``stop``, ``length``, ``tool``, ``cancelled``, ``error``, ``steered``,
    ``interrupted``.
    """

    message_id: str
    finish_reason: str
    content_hash: str
    usage: Usage = Usage()


ConversationEvent = (
    MessageCreated
    | TurnStarted
    | StatusChanged
    | SourcesFound
    | Token
    | Reasoning
    | Citation
    | AnswerReset
    | SteerAccepted
    | SteerApplied
    | SteerFailed
    | ToolCalled
    | ApprovalRequired
    | ToolApproved
    | ToolDenied
    | ToolResult
    | ToolFailed
    | TurnFailed
    | TurnDone
)

AnyEvent = ConversationEvent | WorkspaceEvent

TYPES = frozenset(str(kind.__struct_config__.tag) for kind in get_args(AnyEvent))


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event at its place in a log.

    ``event`` is ``None`` for a type that this version does not know. ``first`` is less than
    ``seq`` where it stands for several events that the server merged.
    """

    seq: int
    first: int
    ts: str
    event: AnyEvent | None
