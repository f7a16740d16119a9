"""The frames that are not events: what a client says, and what is said to one connection.

Field names on the wire are camelCase. A client's frame may carry ``id``, which comes back
as ``ref`` in whatever answers it; unknown fields are ignored.
"""

from typing import Annotated, Literal

import msgspec

from groundwire.conversation.state import Approval, Message, Running
from groundwire.model.errors import BadJson, InvalidField, InvalidRequest, UnknownType
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId
from groundwire.model.refused import field_and_reason
from groundwire.model.standing import DEFAULT, Options

PROTOCOL = "groundwire.v1"

MOST_ATTACHMENTS = 32

Ref = str | int | None
Attachments = Annotated[tuple[DocumentId, ...], msgspec.Meta(max_length=MOST_ATTACHMENTS)]


class AskedFilter(Filter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which documents count: those that meet every criterion that is given, by any of its values.

    ``since`` and ``until`` are about when a document's present bytes came: from the first on,
    before the second. A criterion that is not known is refused, for it would
    limit nothing.
    """


class Frame(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="type",
    omit_defaults=True,
):
    pass


class Command(Frame, frozen=True, kw_only=True):
    id: Ref = None


class Auth(Command, frozen=True, kw_only=True, tag="auth"):
    token: str


class Attach(Command, frozen=True, kw_only=True, tag="attach"):
    """Follow a conversation, or the log of a workspace's documents."""

    session_id: str | None = None
    workspace_id: str | None = None
    cursor: str | None = None


class Detach(Command, frozen=True, kw_only=True, tag="detach"):
    session_id: str | None = None
    workspace_id: str | None = None


class ChatMessage(Command, frozen=True, kw_only=True, tag="chat_message"):
    """Ask. ``parent_id`` is the answer that the question follows, else the newest one.

    ``attachments`` are the documents that the answer is to rest on, instead of all; ``filter``
    limits which these may be.
    ``on_busy`` says what becomes of it while an answer runs: it waits, is refused, corrects
    that answer, or ends it and comes after what waits.
    """

    content: str
    session_id: str
    model: str | None = None
    workspace_id: str | None = None
    client_message_id: str | None = None
    language: Literal["en", "zh"] | None = None
    parent_id: str | None = None
    attachments: Attachments | None = None
    filter: AskedFilter | None = None
    options: Options = DEFAULT
    on_busy: Literal["queue", "reject", "steer", "cancel"] = "queue"


class Cancel(Command, frozen=True, kw_only=True, tag="cancel"):
    session_id: str
    turn_id: str | None = None
    client_message_id: str | None = None


class Regenerate(Command, frozen=True, kw_only=True, tag="regenerate"):
    session_id: str
    message_id: str
    model: str | None = None
    client_message_id: str | None = None
    language: Literal["en", "zh"] | None = None


class Edit(Command, frozen=True, kw_only=True, tag="edit"):
    """Ask the question ``message_id`` in other words, in a branch beside it.

    It rests on the same documents if no ``attachments`` are named, and keeps the ``filter`` if
    none is; an empty one takes it off.
    """

    session_id: str
    message_id: str
    content: str
    model: str | None = None
    client_message_id: str | None = None
    language: Literal["en", "zh"] | None = None
    attachments: Attachments | None = None
    filter: AskedFilter | None = None
    options: Options = DEFAULT


class Steer(Command, frozen=True, kw_only=True, tag="steer"):
    """Correct the running turn; of another than ``turn_id`` it is refused."""

    session_id: str
    content: str
    turn_id: str | None = None
    client_message_id: str | None = None
    language: Literal["en", "zh"] | None = None


class ToolApproval(Command, frozen=True, kw_only=True, tag="tool_approval"):
    """Allow or deny a call of a tool; ``edited_input`` is what the tool gets instead."""

    session_id: str
    approval_id: str
    approved: bool
    reason: str = ""
    edited_input: dict[str, object] | None = None


class History(Command, frozen=True, kw_only=True, tag="history"):
    """A page of events: those before the seq ``before``, or after ``after``, or the last."""

    session_id: str
    before: Annotated[int, msgspec.Meta(ge=1)] | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class Presence(Command, frozen=True, kw_only=True, tag="presence"):
    """Say to the other devices whether somebody is at this one."""

    session_id: str
    state: Literal["online", "away"]


class Typing(Command, frozen=True, kw_only=True, tag="typing"):
    session_id: str


class Read(Command, frozen=True, kw_only=True, tag="read"):
    """Everything up to ``seq`` was seen here."""

    session_id: str
    seq: Annotated[int, msgspec.Meta(ge=0)]


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    t: float | str | None = None


ClientFrame = (
    Auth
    | Attach
    | Detach
    | ChatMessage
    | Cancel
    | Regenerate
    | Edit
    | Steer
    | ToolApproval
    | History
    | Presence
    | Typing
    | Read
    | Ping
)


class Welcome(Frame, frozen=True, kw_only=True, tag="welcome"):
    connection_id: str
    protocol: str
    heartbeat_ms: int
    idle_timeout_ms: int
    limits: dict[str, int]
    node: str
    ts: str


class Ready(Frame, frozen=True, kw_only=True, tag="ready"):
    """``resumed`` false means that a snapshot follows; ``reason`` why the cursor was of no use."""

    session_id: str | None = None
    workspace_id: str | None = None
    epoch: str
    head: int
    resumed: bool
    reason: str | None = None
    ref: Ref = None
    ts: str


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="snapshot"
):
    """The folded state as of a position; events after ``cursor`` go on from it.

    ``has_more``: there are older messages than these, to be had page by page. ``turns`` are
    those that are not done, in the order they were asked; ``turn`` is the first of them.
    """

    session_id: str
    workspace_id: str
    title: str | None
    as_of: int
    cursor: str
    messages: list[Message]
    turn: Running | None
    turns: list[Running]
    approvals: list[Approval]
    has_more: bool = False
    ts: str


class Ack(Frame, frozen=True, kw_only=True, tag="ack"):
    ref: Ref = None
    session_id: str | None = None
    client_message_id: str | None = None
    turn_id: str | None = None
    message_seq: int | None = None
    duplicate: bool = False
    noop: bool = False
    ts: str


class SteerRefused(Frame, frozen=True, kw_only=True, tag="steer.failed"):
    """No such turn runs any more; ``content`` is given back. Nothing was recorded."""

    session_id: str
    content: str
    client_message_id: str | None = None
    reason: str
    ref: Ref = None
    ts: str


class HistoryPage(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="history"
):
    """Events as they are in the log, in order; ``has_more`` in the direction that was asked."""

    session_id: str
    epoch: str
    events: list[msgspec.Raw]
    has_more: bool
    ref: Ref = None
    ts: str


class PresenceTold(Frame, frozen=True, kw_only=True, tag="presence"):
    """A device came, went or was left alone; ``connection_id`` tells it from the others."""

    session_id: str
    connection_id: str
    principal: str
    state: Literal["online", "away", "offline"]
    ts: str


class TypingTold(Frame, frozen=True, kw_only=True, tag="typing"):
    session_id: str
    connection_id: str
    principal: str
    ts: str


class ReadTold(Frame, frozen=True, kw_only=True, tag="read"):
    """Everything up to the seq ``up_to`` was seen there."""

    session_id: str
    connection_id: str
    principal: str
    up_to: int
    ts: str


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """What went wrong with a command or the connection; a turn's errors are events."""

    code: str
    message: str
    retryable: bool
    retry_after_ms: int | None = None
    ref: Ref = None
    detail: dict[str, object] = {}
    ts: str


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    t: float | str | None = None
    head: dict[str, int] = {}
    ref: Ref = None
    ts: str


class ServerPing(Frame, frozen=True, kw_only=True, tag="ping"):
    """``head`` is the last seq of each attachment: one that lags behind lost its tail."""

    head: dict[str, int] = {}
    ts: str


class AuthExpiring(Frame, frozen=True, kw_only=True, tag="auth_expiring"):
    expires_at: str
    ts: str


class Reconnect(Frame, frozen=True, kw_only=True, tag="reconnect"):
    delay_ms: int
    reason: str
    ts: str


ServerFrame = (
    Welcome
    | Ready
    | Snapshot
    | Ack
    | SteerRefused
    | HistoryPage
    | PresenceTold
    | TypingTold
    | ReadTold
    | Error
    | Pong
    | ServerPing
    | AuthExpiring
    | Reconnect
)

TYPES = [str(frame.__struct_config__.tag) for frame in ClientFrame.__args__]


class _Head(msgspec.Struct):
    type: str | None = None
    id: Ref = None


_head = msgspec.json.Decoder(_Head)
_frame = msgspec.json.Decoder(ClientFrame)
_encoder = msgspec.json.Encoder()


def encode(frame: ServerFrame) -> bytes:
    return _encoder.encode(frame)


def reference(data: str | bytes) -> Ref:
    """Return the frame's ``id`` as far as it can be told; never raises."""
    try:
        return _head.decode(data).id
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def decode(data: str | bytes) -> ClientFrame:
    """Return the client's frame. Raises ``BadJson``, ``UnknownType`` and ``InvalidField``."""
    try:
        head = _head.decode(data)
        if head.type is None:
            raise InvalidField("type", "A frame needs a `type`.")
        if head.type not in TYPES:
            raise UnknownType(head.type[:64], TYPES)
        return _frame.decode(data)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadJson("This frame is not valid JSON. Send one JSON object per frame.") from error


def _invalid(error: msgspec.ValidationError) -> InvalidRequest:
    field, reason = field_and_reason(error)
    if not field:
        return BadJson("A frame is one JSON object with a `type`.")
    return InvalidField(field, f"`{field}`: {reason}.")
