"""Identifiers: strings on the wire, distinct types in the code."""

from collections.abc import Callable
from datetime import datetime
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
PrincipalId = NewType("PrincipalId", str)
DocumentId = NewType("DocumentId", str)
BatchId = NewType("BatchId", str)
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


def conversation_log(conversation: ConversationId) -> LogId:
    return LogId(f"conversation:{conversation}")


def workspace_log(workspace: WorkspaceId) -> LogId:
    return LogId(f"workspace:{workspace}")


def is_conversation(log: LogId) -> bool:
    return log.startswith("conversation:")
