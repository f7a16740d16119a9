"""What people sort documents by, as rows: tags, the pin, and membership in collections."""

from collections.abc import Sequence

import apsw

from groundwire.model.documents import Document
from groundwire.model.errors import NotFound
from groundwire.model.ids import CollectionId, DocumentId

FIELDS = {
    "tags": "(SELECT json_group_array(tag ORDER BY tag) FROM document_tags WHERE document = id)",
    "pinned": "pinned",
    "collections": "(SELECT json_group_array(collection ORDER BY collection) FROM collected "
    "WHERE document = id)",
}
"""The fields of a document that these are, and what reads each from the table of documents."""


def set_tags(db: apsw.Connection, document: DocumentId, tags: Sequence[str]) -> None:
    db.execute("DELETE FROM document_tags WHERE document = ?", (document,))
    db.executemany("INSERT INTO document_tags VALUES (?, ?)", [(document, tag) for tag in tags])


def set_pinned(db: apsw.Connection, document: DocumentId, *, pinned: bool) -> None:
    db.execute("UPDATE documents SET pinned = ? WHERE id = ?", (pinned, document))


def set_collections(
    db: apsw.Connection, document: Document, collections: Sequence[CollectionId]
) -> None:
    """Raises ``NotFound`` for one that is not of the document's workspace."""
    db.execute("DELETE FROM collected WHERE document = ?", (document.id,))
    for collection in collections:
        db.execute(
            "INSERT INTO collected SELECT id, ? FROM collections WHERE id = ? AND workspace = ?",
            (document.id, collection, document.workspace),
        )
        if db.changes() == 0:
            raise NotFound("collection")
