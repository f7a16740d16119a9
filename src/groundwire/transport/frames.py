"""The frames that are not events: what a client says, and what is said to one connection.

Field names on the wire are camelCase. A client's frame may carry ``id``, which comes back
as ``ref`` in whatever answers it; unknown fields are ignored.
"""

from typing import Literal

import msgspec

from groundwire.conversation.fold import Message, Running
from groundwire.model.errors import BadJson, InvalidField, InvalidRequest, UnknownType
from groundwire.model.refused import field_and_reason

PROTOCOL = "groundwire.v1"

Ref = str | int | None


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
    content: str
    session_id: str
    model: str | None = None
    workspace_id: str | None = None
    client_message_id: str | None = None
    language: Literal["en", "zh"] | None = None
    on_busy: Literal["queue", "reject"] = "queue"


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


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    t: float | str | None = None


ClientFrame = Auth | Attach | Detach | ChatMessage | Cancel | Regenerate | Ping


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
    """The folded state as of a position; events after ``cursor`` go on from it."""

    session_id: str
    workspace_id: str
    title: str | None
    as_of: int
    cursor: str
    messages: list[Message]
    turn: Running | None
    approvals: list[str] = []
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
    Welcome | Ready | Snapshot | Ack | Error | Pong | ServerPing | AuthExpiring | Reconnect
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
