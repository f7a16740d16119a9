"""The frames that are not events: what a client says, and what is said to one connection."""

from typing import Literal, get_args

import msgspec

from groundwire_client import errors
from groundwire_client._filter import Filter
from groundwire_client._state import Message, Snapshot
from groundwire_client.errors import GroundwireError, ProtocolViolation
from groundwire_client.events import TYPES, AnyEvent, Recorded

PROTOCOL = "groundwire.v1"

OnBusy = Literal["queue", "reject", "steer", "cancel"]
Language = Literal["en", "zh"]


class Options(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How an answer is to be made; what is left out is up to the server.

    ``tools`` are the names of those that the model may use, among the ones that there are.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[str, ...] | None = None


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    tag_field="type",
    omit_defaults=True,
):
    """What a client wishes; ``id`` comes back as ``ref`` in what answers it."""

    id: str = ""


class Auth(Command, frozen=True, kw_only=True, tag="auth"):
    token: str


class Attach(Command, frozen=True, kw_only=True, tag="attach"):
    session_id: str | None = None
    workspace_id: str | None = None
    cursor: str | None = None


class Detach(Command, frozen=True, kw_only=True, tag="detach"):
    session_id: str | None = None
    workspace_id: str | None = None


class SessionCommand(Command, frozen=True, kw_only=True):
    """A command to one conversation."""

    session_id: str


class ChatMessage(SessionCommand, frozen=True, kw_only=True, tag="chat_message"):
    content: str
    client_message_id: str
    model: str | None = None
    workspace_id: str | None = None
    language: Language | None = None
    parent_id: str | None = None
    attachments: tuple[str, ...] = ()
    filter: Filter | None = None
    options: Options = Options()
    on_busy: OnBusy = "queue"


class Cancel(SessionCommand, frozen=True, kw_only=True, tag="cancel"):
    turn_id: str | None = None
    client_message_id: str | None = None


class Regenerate(SessionCommand, frozen=True, kw_only=True, tag="regenerate"):
    message_id: str
    client_message_id: str
    model: str | None = None
    language: Language | None = None


class Edit(SessionCommand, frozen=True, kw_only=True, tag="edit"):
    message_id: str
    content: str
    client_message_id: str
    model: str | None = None
    language: Language | None = None
    attachments: tuple[str, ...] | None = None
    filter: Filter | None = None
    options: Options = Options()


class Steer(SessionCommand, frozen=True, kw_only=True, tag="steer"):
    content: str
    client_message_id: str
    turn_id: str | None = None
    language: Language | None = None


class ToolApproval(SessionCommand, frozen=True, kw_only=True, tag="tool_approval"):
    approval_id: str
    approved: bool
    reason: str = ""
    edited_input: dict[str, object] | None = None


class History(SessionCommand, frozen=True, kw_only=True, tag="history"):
    before: int | None = None
    after: int | None = None
    limit: int = 100


class SayPresence(SessionCommand, frozen=True, kw_only=True, tag="presence"):
    state: Literal["online", "away"]


class SayTyping(SessionCommand, frozen=True, kw_only=True, tag="typing"):
    pass


class SayRead(SessionCommand, frozen=True, kw_only=True, tag="read"):
    seq: int


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """What is said to one connection. ``ref`` is the ``id`` of the command that it answers."""

    ref: str | int | None = None


class Welcome(Told, frozen=True, kw_only=True, tag="welcome"):
    heartbeat_ms: int = 30_000
    limits: dict[str, int] = {}


class Ready(Told, frozen=True, kw_only=True, tag="ready"):
    epoch: str
    head: int
    resumed: bool = False
    reason: str | None = None


class Ack(Told, frozen=True, kw_only=True, tag="ack"):
    turn_id: str | None = None
    message_seq: int | None = None
    duplicate: bool = False
    noop: bool = False


class SteerRefused(Told, frozen=True, kw_only=True, tag="steer.failed"):
    content: str


class HistoryPage(Told, frozen=True, kw_only=True, tag="history"):
    events: tuple[msgspec.Raw, ...]
    has_more: bool


class Presence(Told, frozen=True, kw_only=True, tag="presence"):
    """A device of ``principal`` came (``online``), was left alone (``away``) or went (``offline``).

    ``connection_id`` tells it from the others.
    """

    connection_id: str
    principal: str
    state: str


class Typing(Told, frozen=True, kw_only=True, tag="typing"):
    """Somebody writes there."""

    connection_id: str
    principal: str


class Read(Told, frozen=True, kw_only=True, tag="read"):
    """Everything up to the seq ``up_to`` was seen there."""

    connection_id: str
    principal: str
    up_to: int


Notice = Presence | Typing | Read


class Error(Told, frozen=True, kw_only=True, tag="error"):
    code: str
    message: str
    retryable: bool = False
    retry_after_ms: int | None = None
    detail: dict[str, object] = {}

    def as_error(self) -> GroundwireError:
        return errors.told(
            self.code,
            self.message,
            retryable=self.retryable,
            retry_after_ms=self.retry_after_ms,
            detail=self.detail,
        )


class Pong(Told, frozen=True, kw_only=True, tag="pong"):
    head: dict[str, int] = {}


class Ping(Told, frozen=True, kw_only=True, tag="ping"):
    head: dict[str, int] = {}


class AuthExpiring(Told, frozen=True, kw_only=True, tag="auth_expiring"):
    expires_at: str = ""


class Reconnect(Told, frozen=True, kw_only=True, tag="reconnect"):
    delay_ms: int
    reason: str = ""


Reply = Ack | SteerRefused | HistoryPage | Pong
ServerFrame = Welcome | Ready | Snapshot | Reply | Notice | Error | Ping | AuthExpiring | Reconnect


class Unknown(msgspec.Struct, frozen=True):
    """A frame of a later version. It has no place in a log, so nothing is lost with it."""


class MessagePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of messages, oldest first; ``has_more`` says whether there are older ones."""

    messages: tuple[Message, ...]
    has_more: bool


class Polled(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a poll. Without a cursor it holds a snapshot in place of events."""

    cursor: str
    head: int
    events: tuple[msgspec.Raw, ...] = ()
    has_more: bool = False
    snapshot: Snapshot | None = None


Frame = ServerFrame | Recorded | Unknown


class Addressed(msgspec.Struct, frozen=True, rename="camel"):
    """Whose frame it is: the conversation's or the workspace's, or the connection's own."""

    frame: Frame
    session_id: str | None = None
    workspace_id: str | None = None


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    type: str
    seq: int | None = None
    ts: str = ""
    covers: tuple[int, int] | None = None
    session_id: str | None = None
    workspace_id: str | None = None


_head = msgspec.json.Decoder(_Head)
_event = msgspec.json.Decoder(AnyEvent)
_frame = msgspec.json.Decoder(ServerFrame)
_encoder = msgspec.json.Encoder()
_FRAMES = frozenset(str(kind.__struct_config__.tag) for kind in get_args(ServerFrame))


def encode(command: Command) -> bytes:
    return _encoder.encode(command)


def decode(data: bytes | str) -> Addressed:
    """Return the frame that ``data`` is. Raises ``ProtocolViolation``."""
    try:
        head = _head.decode(data)
        if _is_event(head):
            return Addressed(_recorded(head, data), head.session_id, head.workspace_id)
        known = _frame.decode(data) if head.type in _FRAMES else Unknown()
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _not_ours(error) from error
    return Addressed(known, head.session_id, head.workspace_id)


def decode_event(data: bytes | msgspec.Raw) -> Recorded:
    """Return the event that ``data`` is. Raises ``ProtocolViolation``."""
    try:
        return _recorded(_head.decode(data), data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _not_ours(error) from error


def _is_event(head: _Head) -> bool:
    """Tell an event, which has a place in the log, from a frame: ``read`` has a ``seq``, too."""
    return head.seq is not None and (head.type in TYPES or head.type not in _FRAMES)


def _recorded(head: _Head, data: bytes | str | msgspec.Raw) -> Recorded:
    if head.seq is None:
        raise msgspec.ValidationError("An event needs its `seq`")
    return Recorded(
        seq=head.seq,
        first=head.covers[0] if head.covers else head.seq,
        ts=head.ts,
        event=_event.decode(data) if head.type in TYPES else None,
    )


def _not_ours(error: Exception) -> ProtocolViolation:
    return ProtocolViolation(
        f"The server said something that this library cannot read ({error}). "
        "Is this the address of a Groundwire server, and is the library new enough for it?"
    )
