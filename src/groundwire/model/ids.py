"""Identifiers: strings on the wire, distinct types in the code."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
PrincipalId = NewType("PrincipalId", str)
DocumentId = NewType("DocumentId", str)
BatchId = NewType("BatchId", str)
CollectionId = NewType("CollectionId", str)
ChunkId = NewType("ChunkId", str)
ConversationId = NewType("ConversationId", str)
TurnId = NewType("TurnId", str)
MessageId = NewType("MessageId", str)
JobId = NewType("JobId", str)
FeedId = NewType("FeedId", str)

LogId = NewType("LogId", str)
"""The name of one log in the store: ``conversation:<id>`` or ``workspace:<id>``."""

Now = Callable[[], datetime]
"""The time, always aware and in UTC."""

NewId = Callable[[str], str]
"""A new identifier with the given prefix, as in ``turn_01j9…``; never guessable."""


def chunk_id(document: DocumentId, position: int, version: int = 1) -> ChunkId:
    """Return the id of a chunk: a repeated ingest of a ``version`` gives the same ones."""
    return ChunkId(f"{document}:{position}" + (f".{version}" if version > 1 else ""))


def document_of(chunk: ChunkId) -> DocumentId:
    return DocumentId(chunk.rpartition(":")[0])


def conversation_log(conversation: ConversationId) -> LogId:
    return LogId(f"conversation:{conversation}")


def workspace_log(workspace: WorkspaceId) -> LogId:
    return LogId(f"workspace:{workspace}")


def is_conversation(log: LogId) -> bool:
    return log.startswith("conversation:")
