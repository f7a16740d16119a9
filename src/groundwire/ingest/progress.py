"""How those who look on learn of what becomes of a document."""

from collections.abc import Awaitable, Callable

from groundwire.model.events import WorkspaceEvent
from groundwire.model.ids import WorkspaceId

Publish = Callable[[WorkspaceId, WorkspaceEvent], Awaitable[None]]
"""Append an event to a workspace's log; what is told twice must be harmless, and is."""

PARSE = "parse"
EMBED = "embed"
SYNC = "sync"
"""The kinds of jobs; the key of the first two is a document's id, of the last a feed's."""
