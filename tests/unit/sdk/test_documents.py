"""What the log of a workspace does to its list of documents."""

from pathlib import Path

from groundwire_client import DocumentInfo
from groundwire_client._documents import Documents, fold_documents, merge
from groundwire_client._wire import decode_event
from groundwire_client.events import AnyEvent, Recorded
from groundwire_client.workspace_events import (
    BatchProgress,
    CollectionChanged,
    DocumentChunking,
    DocumentEmbedding,
    DocumentFailed,
    DocumentLabelled,
    DocumentParsing,
    DocumentPaused,
    DocumentReady,
    DocumentReceived,
    DocumentRemoved,
    DocumentResumed,
    Unread,
)

GOLDEN = Path(__file__).parents[1] / "model" / "golden" / "workspace.jsonl"


def folded(*events: AnyEvent | None, documents: Documents = ()) -> Documents:
    for seq, event in enumerate(events, 1):
        recorded = Recorded(seq=seq, first=seq, ts="t", event=event)
        documents = fold_documents(documents, recorded)
    return documents


def test_what_could_not_be_read_is_said_of_the_document() -> None:
    unread = (Unread(where="a/cut.pdf", code="broken", reason="This PDF is damaged."),)
    ready = DocumentReady(document_id="d", title="all.zip", chunks=9, unread=unread)

    (document,) = folded(ready)

    assert document.unread == unread


RECEIVED = DocumentReceived(document_id="d", title="guide.pdf", size_bytes=7)


def test_each_step_of_a_document_is_seen() -> None:
    steps: list[tuple[AnyEvent, tuple[str, str, int, int]]] = [
        (RECEIVED, ("queued", "none", 0, 0)),
        (DocumentParsing(document_id="d", title="guide.pdf"), ("parsing", "none", 0, 0)),
        (DocumentChunking(document_id="d", title="guide.pdf"), ("chunking", "none", 0, 0)),
        (
            DocumentEmbedding(document_id="d", title="guide.pdf", done=2, total=9),
            ("embedding", "words", 2, 9),
        ),
        (
            DocumentReady(document_id="d", title="guide.pdf", chunks=9, pages=3),
            ("ready", "meaning", 9, 9),
        ),
    ]
    for count, (_, expected) in enumerate(steps, 1):
        (document,) = folded(*(event for event, _ in steps[:count]))
        assert expected == (
            document.status,
            document.searchable,
            document.embedded,
            document.chunks,
        )
        assert document.is_finished == (count == len(steps))


def test_a_document_that_is_paused_is_held_until_it_goes_on() -> None:
    paused = DocumentPaused(document_id="d", title="guide.pdf")
    resumed = DocumentResumed(document_id="d", title="guide.pdf")

    (held,) = folded(RECEIVED, paused)
    (on,) = folded(RECEIVED, paused, resumed)
    (again,) = folded(RECEIVED, paused, RECEIVED)

    assert (held.paused, on.paused, again.paused) == (True, False, False)


def test_a_document_is_sorted_by_what_was_told_last_and_let_go_with_its_collection() -> None:
    labelled = DocumentLabelled(
        document_id="d", title="guide.pdf", tags=("new",), pinned=True, collections=("a", "b")
    )
    renamed = CollectionChanged(collection_id="a", name="Law", change="renamed")
    removed = CollectionChanged(collection_id="a", name="Law", change="removed")

    (kept,) = folded(RECEIVED, labelled, renamed)
    (left,) = folded(RECEIVED, labelled, renamed, removed)

    assert (kept.tags, kept.pinned, kept.collections) == (("new",), True, ("a", "b"))
    assert left.collections == ("b",)


def test_how_far_a_batch_is_changes_no_document() -> None:
    progress = BatchProgress(batch_id="b", total=2, ready=1, failed=0, paused=0)

    assert folded(RECEIVED, progress) == folded(RECEIVED)


def test_a_document_that_fails_says_why() -> None:
    failed = DocumentFailed(document_id="d", title="guide.pdf", code="broken", reason="No.")

    (document,) = folded(RECEIVED, failed)

    assert (document.status, document.reason_code, document.reason) == ("failed", "broken", "No.")
    assert document.is_finished


def test_the_newest_is_first_and_what_is_removed_is_gone() -> None:
    other = DocumentReceived(document_id="e", title="notes.txt", size_bytes=1)

    both = folded(RECEIVED, other, None)

    assert [document.id for document in both] == ["e", "d"]
    gone = folded(DocumentRemoved(document_id="d", title="guide.pdf"), documents=both)
    assert [document.id for document in gone] == ["e"]


def test_to_fold_an_event_again_changes_nothing() -> None:
    """So a list that was read a little later than its place in the log loses nothing."""
    events = [decode_event(line) for line in GOLDEN.read_bytes().splitlines()]
    for count in range(1, len(events)):
        once: Documents = ()
        for recorded in events[:count]:
            once = fold_documents(once, recorded)
        assert fold_documents(once, events[count - 1]) == once


def test_what_was_uploaded_is_there_before_the_log_tells_of_it() -> None:
    mine = [DocumentInfo(id="e", title="notes.txt"), DocumentInfo(id=None, title="refused")]
    documents = folded(RECEIVED)

    assert [each.id for each in merge(documents, mine)] == ["e", "d"]
    assert merge(documents, [DocumentInfo(id="d", title="older")]) == documents
