"""What can happen: facts, by the names they have in the log, on the wire and in the docs.

An event of a conversation belongs to a turn; one of a workspace to a document, a batch or a feed.
The log adds the envelope (``sessionId`` or ``workspaceId``, ``seq``, ``ts``) when it stores the
encoded event, and what it stored is what every reader is sent.

A new field gets a default; a field never changes its meaning; a type is never reused.
"""

from typing import ClassVar, Literal

import msgspec

from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, PassageId, TurnId
from groundwire.model.places import Place
from groundwire.model.sources import Source

FinishReason = Literal["stop", "length", "tool", "cancelled", "error", "steered", "interrupted"]
Status = Literal["queued", "retrieving", "reranking", "thinking", "generating", "tool"]


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="type",
    omit_defaults=True,
):
    """A fact. ``synced`` says that it must be on the disk before anybody sees it."""

    synced: ClassVar[bool] = False


class TurnEvent(Event, frozen=True, kw_only=True):
    turn_id: TurnId


class MessageCreated(TurnEvent, frozen=True, kw_only=True, tag="message.created"):
    """A question was asked. ``parent_id`` is the message it follows, if any.

    ``fork_of`` is the question that this is another wording of, ``model`` what was wished for,
    ``language`` the asker's; ``attachments`` are the documents to rest on, if not on all;
    ``filter`` limits which these may be.
    """

    synced: ClassVar[bool] = True

    message_id: MessageId
    role: Literal["user"]
    content: str
    author: str
    client_message_id: str | None = None
    parent_id: MessageId | None = None
    fork_of: MessageId | None = None
    model: str | None = None
    language: str = "en"
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None


class TurnStarted(TurnEvent, frozen=True, kw_only=True, tag="turn.started"):
    """The server has begun to answer.

    ``message_id`` is the answer's, ``parent_id`` the question's. ``fork_of`` is the answer
    that this one is another try of. ``why`` says in a sentence why this model answers.
    """

    message_id: MessageId
    parent_id: MessageId
    model: str
    why: str = ""
    fork_of: MessageId | None = None


class Progress(TurnEvent, frozen=True, kw_only=True, tag="status"):
    """What goes on now, as a word for programs and a sentence in the asker's language."""

    status: Status
    msg: str
    detail: dict[str, object] = {}


class Sources(TurnEvent, frozen=True, kw_only=True, tag="sources"):
    """What was found, best first; comes before the first token."""

    items: tuple[Source, ...]


class Token(TurnEvent, frozen=True, kw_only=True, tag="token"):
    """A piece of the answer; ``offset`` is how many code points stand before it."""

    message_id: MessageId
    content: str
    offset: int


class Reasoning(TurnEvent, frozen=True, kw_only=True, tag="reasoning"):
    message_id: MessageId
    content: str
    offset: int


class Citation(TurnEvent, frozen=True, kw_only=True, tag="citation"):
    """The answer from ``start`` to ``end`` rests on the source ``source_id``.

    Code points from the start of the answer; ``end`` is exclusive, as in a Python slice.
    ``quote`` is what of the source it rests on, empty if that is not known, and the rest is
    where that stands, else where the source does.
    """

    message_id: MessageId
    start: int
    end: int
    source_id: PassageId
    quote: str = ""
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None


class AnswerReset(TurnEvent, frozen=True, kw_only=True, tag="answer.reset"):
    """A new attempt keeps ``to_offset`` code points of the answer and ``to_reasoning`` of its
    reasoning; citations and tool calls that lie past them are withdrawn as well.
    """

    message_id: MessageId
    to_offset: int
    to_reasoning: int = 0


class SteerEvent(TurnEvent, frozen=True, kw_only=True):
    """``message_id`` is the message that the steering text becomes once it is applied."""

    message_id: MessageId
    client_message_id: str | None = None


class SteerAccepted(SteerEvent, frozen=True, kw_only=True, tag="steer.accepted"):
    """Somebody corrected the running turn. Its text is kept; ``applied`` or ``failed`` follows."""

    synced: ClassVar[bool] = True

    content: str
    author: str


class SteerApplied(SteerEvent, frozen=True, kw_only=True, tag="steer.applied"):
    """The turn ``steered`` ended, and this turn goes on with the steering text."""

    synced: ClassVar[bool] = True

    steered: TurnId


class SteerFailed(SteerEvent, frozen=True, kw_only=True, tag="steer.failed"):
    """The turn ended before it could be steered; ``content`` is given back. ``done`` follows."""

    synced: ClassVar[bool] = True

    content: str
    reason: str


class ToolEvent(TurnEvent, frozen=True, kw_only=True):
    """``tool_call_id`` is one call of a tool in this turn."""

    tool_call_id: str


class ToolCalled(ToolEvent, frozen=True, kw_only=True, tag="tool.call"):
    """The model wants a tool used. ``offset`` of the answer and ``reasoning_offset`` of the
    reasoning stand before it; calls of one ``step``, from 1, were wished for together.
    """

    message_id: MessageId
    name: str
    input: dict[str, object]
    offset: int = 0
    reasoning_offset: int = 0
    step: int = 1


class ApprovalRequired(ToolEvent, frozen=True, kw_only=True, tag="tool.approval_required"):
    """A person has to allow the call before ``expires_at`` (RFC 3339, UTC); ``schema`` is the
    JSON Schema of what ``editedInput`` of the approval may be.
    """

    synced: ClassVar[bool] = True

    approval_id: str
    name: str
    input: dict[str, object]
    msg: str
    expires_at: str
    schema: dict[str, object] = {}


class ToolApproved(ToolEvent, frozen=True, kw_only=True, tag="tool.approved"):
    """``author`` allowed it; ``input`` is what the tool gets, where it was edited."""

    synced: ClassVar[bool] = True

    approval_id: str
    author: str
    input: dict[str, object] | None = None


class ToolDenied(ToolEvent, frozen=True, kw_only=True, tag="tool.denied"):
    """``author`` denied it; nobody did if there is none, and ``code`` says what else happened:
    ``approval_expired``, or ``conflict`` for a turn that ended first.
    """

    synced: ClassVar[bool] = True

    approval_id: str
    author: str | None = None
    reason: str = ""
    code: str | None = None


class ToolResult(ToolEvent, frozen=True, kw_only=True, tag="tool.result"):
    output: str


class ToolFailed(ToolEvent, frozen=True, kw_only=True, tag="tool.error"):
    """The tool could not do it; the model is told so and goes on."""

    code: str
    message: str


class TurnFailed(TurnEvent, frozen=True, kw_only=True, tag="error"):
    """Why the turn cannot go on. ``done`` follows."""

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


class Done(TurnEvent, frozen=True, kw_only=True, tag="done"):
    """The one terminal event of a turn.

    ``content_hash`` is the SHA-256 of the whole answer in UTF-8, lower-case hex.
    """

    synced: ClassVar[bool] = True

    message_id: MessageId
    finish_reason: FinishReason
    content_hash: str
    usage: Usage = Usage()


ConversationEvent = (
    MessageCreated
    | TurnStarted
    | Progress
    | Sources
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
    | Done
)


class Recorded(msgspec.Struct, frozen=True):
    """A stored event: its place in the log, and the very bytes that readers are sent.

    ``data`` is the JSON object with its envelope. ``seq`` counts from 1 without gaps.
    """

    seq: int
    data: bytes


class _Tag(msgspec.Struct):
    type: str


_tag = msgspec.json.Decoder(_Tag)
_conversation = msgspec.json.Decoder(ConversationEvent)
_CONVERSATION = frozenset(event.__struct_config__.tag for event in ConversationEvent.__args__)


def tag_of(data: bytes) -> str:
    """Return the type of an encoded event."""
    return _tag.decode(data).type


def decode_conversation_event(data: bytes) -> ConversationEvent | None:
    """Return the event, or ``None`` for a type that this version does not know."""
    return _conversation.decode(data) if tag_of(data) in _CONVERSATION else None
