"""Identifiers: strings on the wire, distinct types in the code."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
PrincipalId = NewType("PrincipalId", str)
DocumentId = NewType("DocumentId", str)
BatchId = NewType("BatchId", str)
CollectionId = NewType("CollectionId", str)
ChunkId = NewType("ChunkId", str)
PassageId = NewType("PassageId", str)
"""A chunk's id, or that of a run of chunks: see `run_id`."""

ConversationId = NewType("ConversationId", str)
TurnId = NewType("TurnId", str)
MessageId = NewType("MessageId", str)
JobId = NewType("JobId", str)
FeedId = NewType("FeedId", str)

MOST_CHUNKS = 3
"""How many chunks a run may have."""

_CHUNK = re.compile(r"(.+):(\d{1,9})(?:-(\d{1,9}))?(?:\.(\d{1,9}))?", re.DOTALL)

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


def position_of(chunk: ChunkId) -> int:
    """Return where in its document a chunk of `chunk_id` stands."""
    return int(chunk.rpartition(":")[2].partition(".")[0])


def version_of(id: ChunkId | PassageId) -> int:
    """Return of which version of its document a chunk or a run of them is."""
    return int(id.rpartition(":")[2].partition(".")[2] or 1)


def run_id(first: ChunkId, last: ChunkId) -> PassageId:
    """Return the id of the chunks from ``first`` to ``last``, of one version of one document."""
    if first == last:
        return PassageId(first)
    head, _, version = first.rpartition(":")[2].partition(".")
    return PassageId(
        f"{document_of(first)}:{head}-{position_of(last)}" + (f".{version}" if version else "")
    )


def chunks_of(passage: str) -> list[ChunkId]:
    """Return the chunks of a run; none if ``passage`` is no id of one."""
    found = _CHUNK.fullmatch(passage)
    if found is None:
        return []
    document, first, last, version = found.groups()
    positions = range(int(first), int(last or first) + 1)[:MOST_CHUNKS]
    return [chunk_id(DocumentId(document), n, int(version or 1)) for n in positions]


def conversation_log(conversation: ConversationId) -> LogId:
    return LogId(f"conversation:{conversation}")


def workspace_log(workspace: WorkspaceId) -> LogId:
    return LogId(f"workspace:{workspace}")


def is_conversation(log: LogId) -> bool:
    return log.startswith("conversation:")
