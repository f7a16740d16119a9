"""What the routes of tags, pins and collections take and answer."""

from groundwire.model.document_types import TYPES
from groundwire.model.filters import MAX_TAG, MOST_DOCUMENTS, MOST_TAGS
from groundwire.transport.bodies import DocumentBody
from groundwire.transport.sorting import (
    ChangeCollection,
    ChangeDocument,
    CollectionBody,
    CollectionsBody,
    NewCollection,
)
from groundwire.transport.spec.operation import Operation
from groundwire.transport.spec.schemas import Schema

_FOUND = ("not_found",)


def _any_of(description: str, items: Schema, most: int = MOST_TAGS) -> Schema:
    return {
        "type": "array",
        "items": items,
        "maxItems": most,
        "description": f"{description}; given more than once, of any of them.",
    }


_TAG: Schema = {"type": "string", "pattern": "\\S", "maxLength": MAX_TAG}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
FILTERS: dict[str, Schema] = {
    "document": _any_of("Only those with this id", {"type": "string"}, MOST_DOCUMENTS),
    "tag": _any_of("Only those with this tag", _TAG),
    "collection": _any_of("Only those in this collection", {"type": "string"}),
    "type": _any_of("Only those of this type", {"type": "string", "enum": [*TYPES]}),
    "since": {**_INSTANT, "description": "Only those dated at this time or later."},
    "until": {**_INSTANT, "description": "Only those dated before this time."},
}
SORTING: dict[str, Operation] = {
    "PATCH /api/v1/documents/{id}": Operation(
        "sortDocument",
        "Other tags and collections of a document, and whether it is pinned",
        DocumentBody,
        takes=ChangeDocument,
        errors=_FOUND,
    ),
    "POST /api/v1/workspaces/{id}/collections": Operation(
        "createCollection",
        "A named group of documents",
        CollectionBody,
        201,
        takes=NewCollection,
        errors=("not_found", "conflict"),
    ),
    "GET /api/v1/workspaces/{id}/collections": Operation(
        "listCollections", "The collections, oldest first", CollectionsBody, errors=_FOUND
    ),
    "GET /api/v1/collections/{id}": Operation(
        "getCollection", "A collection", CollectionBody, errors=_FOUND
    ),
    "PATCH /api/v1/collections/{id}": Operation(
        "changeCollection",
        "Another name, documents more and documents less, all or nothing",
        CollectionBody,
        takes=ChangeCollection,
        errors=("not_found", "conflict"),
    ),
    "DELETE /api/v1/collections/{id}": Operation(
        "removeCollection",
        "Forget a collection; its documents stay",
        status=204,
        errors=_FOUND,
    ),
}
