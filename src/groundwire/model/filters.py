"""What a search or a question is limited to, and what documents are sorted by for that."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from groundwire.model.document_types import DocumentType
from groundwire.model.errors import InvalidField
from groundwire.model.ids import CollectionId, DocumentId, WorkspaceId

MAX_TAG = 64
MOST_TAGS = 32
MOST_DOCUMENTS = 200

_FEW = msgspec.Meta(max_length=MOST_TAGS)
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


CollectionChange = Literal["created", "renamed", "removed"]


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A named group of documents of a workspace; a document may be in several.

    ``documents`` is how many it has.
    """

    id: CollectionId
    workspace: WorkspaceId
    name: str
    created_at: datetime
    documents: int = 0


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which documents count: those that meet every criterion that is given, by any of its values.

    ``since`` and ``until`` are about `Document.dated`: from the first on, before the second.
    """

    documents: Annotated[tuple[DocumentId, ...], msgspec.Meta(max_length=MOST_DOCUMENTS)] = ()
    tags: Annotated[tuple[str, ...], _FEW] = ()
    collections: Annotated[tuple[CollectionId, ...], _FEW] = ()
    types: Annotated[tuple[DocumentType, ...], _FEW] = ()
    since: Instant | None = None
    until: Instant | None = None


EVERYTHING = Filter()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The documents that a filter lets through: how many, and those that can be searched."""

    total: int
    searchable: tuple[DocumentId, ...]


NOTHING = Scope(total=0, searchable=())


def cleaned(filter: Filter | None) -> Filter | None:
    """Return the filter with each value once, as it is stored; ``None`` if it limits nothing.

    Raises ``InvalidField``.
    """
    if filter is None:
        return None
    clean = Filter(
        documents=tuple(dict.fromkeys(filter.documents)),
        tags=clean_tags(filter.tags, field="filter.tags"),
        collections=tuple(dict.fromkeys(filter.collections)),
        types=tuple(dict.fromkeys(filter.types)),
        since=filter.since and _in_utc(filter.since),
        until=filter.until and _in_utc(filter.until),
    )
    return None if clean == EVERYTHING else clean


def clean_tags(tags: tuple[str, ...], *, field: str = "tags") -> tuple[str, ...]:
    """Return the tags as they are kept: in lower case, in order, each once.

    Raises ``InvalidField``.
    """
    return tuple(sorted({_clean_tag(tag, field) for tag in tags}))


def _clean_tag(tag: str, field: str) -> str:
    clean = " ".join(unicodedata.normalize("NFC", tag).split()).lower()
    if not clean or len(clean) > MAX_TAG or not clean.isprintable():
        raise InvalidField(field, f"A tag has 1 to {MAX_TAG} characters that can be seen.")
    return clean


def _in_utc(time: datetime) -> datetime:
    """Return ``time`` in UTC; what lies beyond the calendar is at its end."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return time.replace(tzinfo=UTC)
