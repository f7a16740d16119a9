"""Places that documents come from and are kept up with: pages, sites, repositories, folders."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from groundwire.model.ids import BatchId, DocumentId, FeedId, PrincipalId, WorkspaceId

FeedKind = Literal["page", "site", "repository", "folder"]
FeedStatus = Literal["idle", "syncing", "failed"]
FeedChange = Literal[
    "added", "changed", "syncing", "synced", "failed", "paused", "resumed", "removed"
]
"""What happened to a feed; ``syncing`` is told again as its sync goes on."""

FeedReason = Literal[
    "not_allowed",
    "not_found",
    "unreachable",
    "refused",
    "too_large",
    "timed_out",
    "broken",
    "unknown_type",
    "internal",
]
"""Why a place, or one thing in it, cannot be read.

``not_allowed`` is our refusal (an address of somebody's own network, a folder that no setting
names, what `robots.txt` keeps to itself), ``refused`` is theirs (it asks who we are). ``broken``
and ``timed_out`` are of a repository: it is damaged, or takes too long to be unpacked.
"""

MOST_DEPTH = 10
MOST_PAGES = 5_000
MOST_PATTERNS = 50

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Patterns = Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=MOST_PATTERNS)]


class FeedOptions(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How much of a place is taken.

    Of a site: what is at most ``depth`` links away from the address, and ``pages`` in all. Of a
    repository: its ``branch``, else the one that it names itself. Of any but a page: what has a
    path that matches one of ``include``, if there is any, and none of ``exclude`` (``*`` stands
    for anything, as in ``docs/*`` or ``*.md``; paths of a site begin with ``/``).
    """

    depth: Annotated[int, msgspec.Meta(ge=0, le=MOST_DEPTH)] = 3
    pages: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGES)] = 200
    branch: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    include: Patterns = ()
    exclude: Patterns = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What one sync found: items by what became of them."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in a place that was not taken, and why."""

    uri: str
    code: FeedReason
    reason: str


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A place that documents come from.

    ``interval_s`` is how often it is looked at by itself; ``None`` is never. ``batch`` holds the
    documents of the sync that runs or ran last, whose ``counts`` and first ``refusals`` these are.
    One that is ``paused`` is not looked at; a sync that this broke off goes on when it is resumed.

    Nobody sees one that is ``removed``: its documents are being taken away, or, if it
    ``keeps_documents``, become those of a person.
    """

    id: FeedId
    workspace: WorkspaceId
    kind: FeedKind
    address: str
    added_by: PrincipalId
    created_at: datetime
    options: FeedOptions = FeedOptions()
    interval_s: float | None = None
    status: FeedStatus = "idle"
    synced_at: datetime | None = None
    next_at: datetime | None = None
    batch: BatchId | None = None
    counts: Counts = Counts()
    refusals: tuple[Refusal, ...] = ()
    reason_code: FeedReason | None = None
    reason: str | None = None
    removed: bool = False
    paused: bool = False
    keeps_documents: bool = False


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one thing in a place: the ``document`` that holds it.

    ``mark`` is what its connector tells by that it is unchanged; ``batch`` is of the sync that
    took it last, ``since`` of the one that took it first.
    """

    feed: FeedId
    uri: str
    document: DocumentId
    mark: str
    batch: BatchId
    since: BatchId
