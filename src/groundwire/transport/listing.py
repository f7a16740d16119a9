"""Which documents a listing asks for, as its query says."""

from typing import Annotated

import msgspec
from starlette.datastructures import QueryParams

from groundwire.model.document_types import DocumentType
from groundwire.model.documents import DocumentStatus
from groundwire.model.errors import InvalidField
from groundwire.model.filters import MOST_DOCUMENTS, MOST_TAGS, Filter, Instant
from groundwire.model.ids import CollectionId, DocumentId
from groundwire.model.refused import field_and_reason

_FEW = msgspec.Meta(max_length=MOST_TAGS)
_MANY = ("document", "tag", "collection", "type")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    status: DocumentStatus | None = None
    document: Annotated[tuple[DocumentId, ...], msgspec.Meta(max_length=MOST_DOCUMENTS)] = ()
    tag: Annotated[tuple[str, ...], _FEW] = ()
    collection: Annotated[tuple[CollectionId, ...], _FEW] = ()
    type: Annotated[tuple[DocumentType, ...], _FEW] = ()
    since: Instant | None = None
    until: Instant | None = None

    @property
    def filter(self) -> Filter:
        return Filter(
            documents=self.document,
            tags=self.tag,
            collections=self.collection,
            types=self.type,
            since=self.since,
            until=self.until,
        )


def read_listing(query: QueryParams) -> Listing:
    """Raises ``InvalidField``. A parameter that a listing does not know is passed over."""
    given: dict[str, object] = dict(query.items())
    given |= {name: query.getlist(name) for name in _MANY}
    try:
        return msgspec.convert(given, Listing)
    except msgspec.ValidationError as error:
        field, reason = field_and_reason(error)
        raise InvalidField(field or "query", f"`{field or 'query'}`: {reason}.") from error
