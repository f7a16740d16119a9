"""Every message of the protocol, by the name that the documents give it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from groundwire.model.events import ConversationEvent
from groundwire.model.workspace_events import WorkspaceEvent
from groundwire.transport.frames import ClientFrame, ServerFrame

Group = Literal["Command", "Frame", "ConversationEvent", "WorkspaceEvent"]


@dataclass(frozen=True, slots=True)
class Message:
    """``tag`` is its type on the wire, ``struct`` what is decoded or encoded."""

    tag: str
    struct: type[msgspec.Struct]
    group: Group

    @property
    def name(self) -> str:
        """Return the name of its schema: a type may be a command, a frame and an event."""
        return schema_name(self.tag, "Event" if self.group.endswith("Event") else self.group)


def schema_name(tag: str, suffix: str) -> str:
    words = tag.replace(".", "_").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words) + suffix


def _messages(union: Any, group: Group) -> list[Message]:
    return [Message(str(kind.__struct_config__.tag), kind, group) for kind in get_args(union)]


COMMANDS = _messages(ClientFrame, "Command")
FRAMES = _messages(ServerFrame, "Frame")
CONVERSATION_EVENTS = _messages(ConversationEvent, "ConversationEvent")
WORKSPACE_EVENTS = _messages(WorkspaceEvent, "WorkspaceEvent")
MESSAGES = [*COMMANDS, *FRAMES, *CONVERSATION_EVENTS, *WORKSPACE_EVENTS]

# What a command is answered with, beside `error`. An `ack` of a question is followed by `ready`
# where its asker was not attached.
ANSWERS = {
    "auth": ("AckFrame",),
    "attach": ("ReadyFrame", "SnapshotFrame"),
    "detach": ("AckFrame",),
    "chat_message": ("AckFrame", "ReadyFrame"),
    "cancel": ("AckFrame",),
    "regenerate": ("AckFrame", "ReadyFrame"),
    "edit": ("AckFrame", "ReadyFrame"),
    "steer": ("AckFrame", "SteerFailedFrame"),
    "tool_approval": ("AckFrame",),
    "history": ("HistoryFrame",),
    "presence": ("AckFrame",),
    "typing": ("AckFrame",),
    "read": ("AckFrame",),
    "ping": ("PongFrame",),
}
OF_CONNECTION = {"ready", "error", "auth_expiring", "reconnect"}
OF_CONVERSATION = {"snapshot", "presence", "typing", "read"}
"""What is told on every transport that streams, beside the events."""


def names(messages: Iterable[Message]) -> list[str]:
    return [message.name for message in messages]
