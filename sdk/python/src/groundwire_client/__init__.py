"""Conversations with a Groundwire server.

What it is: a client that folds a conversation's log into the state that the server has, over
WebSocket, server-sent events or long-poll, and goes on after every cut where it was. What it
is not: a page, a store, or a part of the server, which it never imports.

Begin with ``connect``; then read ``client``, ``conversation`` and ``answer``. Below them
``_connection`` keeps a transport running, ``_log`` keeps the place in a log, and ``_fold``,
``_documents`` and ``_ladder`` are functions of values.
"""

from groundwire_client import errors, events
from groundwire_client._connection import Connection, ConnectionState, ConnectionStatus
from groundwire_client._documents import DocumentInfo
from groundwire_client._filter import Filter
from groundwire_client._identity import Token, Way
from groundwire_client._ladder import TransportName
from groundwire_client._line import Observer
from groundwire_client._rest import (
    ApiKey,
    BatchInfo,
    Choice,
    ConversationInfo,
    FeedInfo,
    File,
    ModelInfo,
    Models,
    NewApiKey,
    Order,
    Passage,
    Principal,
    Rest,
    WorkspaceInfo,
)
from groundwire_client._sorting import CollectionInfo
from groundwire_client._state import (
    Approval,
    Fault,
    Message,
    Snapshot,
    State,
    Steering,
    ToolUse,
    Turn,
)
from groundwire_client._wire import (
    PROTOCOL,
    MessagePage,
    Notice,
    Options,
    Presence,
    Read,
    Typing,
)
from groundwire_client.answer import Answer, Reset
from groundwire_client.client import Groundwire, connect
from groundwire_client.conversation import Conversation, EventPage
from groundwire_client.errors import GroundwireError
from groundwire_client.events import Citation, Place, Recorded, Source, Spot, Usage
from groundwire_client.workspace import Upload, Workspace
from groundwire_client.workspace_events import Unread

__version__ = "0.1.0"

__all__ = [
    "PROTOCOL",
    "Answer",
    "ApiKey",
    "Approval",
    "BatchInfo",
    "Choice",
    "Citation",
    "CollectionInfo",
    "Connection",
    "ConnectionState",
    "ConnectionStatus",
    "Conversation",
    "ConversationInfo",
    "DocumentInfo",
    "EventPage",
    "Fault",
    "FeedInfo",
    "File",
    "Filter",
    "Groundwire",
    "GroundwireError",
    "Message",
    "MessagePage",
    "ModelInfo",
    "Models",
    "NewApiKey",
    "Notice",
    "Observer",
    "Options",
    "Order",
    "Passage",
    "Place",
    "Presence",
    "Principal",
    "Read",
    "Recorded",
    "Reset",
    "Rest",
    "Snapshot",
    "Source",
    "Spot",
    "State",
    "Steering",
    "Token",
    "ToolUse",
    "TransportName",
    "Turn",
    "Typing",
    "Unread",
    "Upload",
    "Usage",
    "Way",
    "Workspace",
    "WorkspaceInfo",
    "connect",
    "errors",
    "events",
]
