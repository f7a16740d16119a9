"""When nothing more is done with a document or a batch."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from groundwire.model.documents import Batch, Document, DocumentStatus
from groundwire.model.ids import BatchId, DocumentId, WorkspaceId

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize("status", get_args(DocumentStatus))
def test_a_document_is_finished_when_it_is_ready_or_has_failed(status: DocumentStatus) -> None:
    document = Document(
        id=DocumentId("d"),
        workspace=WorkspaceId("w"),
        title="a.txt",
        media_type="text/plain",
        size_bytes=1,
        digest="d1",
        created_at=NOW,
        status=status,
    )

    assert document.is_finished == (status in ("ready", "failed"))


@pytest.mark.parametrize(
    ("ready", "failed", "finished"), [(3, 0, True), (1, 2, True), (2, 0, False)]
)
def test_a_batch_is_finished_when_all_its_documents_are(
    ready: int, failed: int, finished: bool
) -> None:
    batch = Batch(
        id=BatchId("b"),
        workspace=WorkspaceId("w"),
        created_at=NOW,
        total=3,
        ready=ready,
        failed=failed,
        paused=0,
    )

    assert batch.is_finished == finished


def test_a_document_is_of_the_type_and_the_date_that_filters_go_by() -> None:
    document = Document(
        id=DocumentId("d"),
        workspace=WorkspaceId("w"),
        title="Re: 合同.eml",
        media_type="message/rfc822",
        size_bytes=1,
        digest="d1",
        created_at=NOW,
    )

    assert (document.type, document.dated) == ("mail", NOW)
    sent = NOW - timedelta(days=9)
    assert msgspec.structs.replace(document, dated_at=sent).dated == sent
