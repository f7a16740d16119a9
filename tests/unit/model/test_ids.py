"""Identifiers that say something."""

import pytest

from groundwire.model.ids import DocumentId, chunk_id, document_of


@pytest.mark.parametrize("document", ["d_1", "d:with:colons", "文档"])
def test_a_chunk_names_its_document(document: str) -> None:
    assert document_of(chunk_id(DocumentId(document), 17)) == document
