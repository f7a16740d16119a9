"""Pause, resume, cancel, retry and remove, while documents are read; and how far batches are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from groundwire.model.documents import Document
from groundwire.model.errors import Conflict, NotFound
from groundwire.model.ids import BatchId
from groundwire.model.workspace_events import BatchProgress, DocumentReady
from tests.support.ingest import TEXT, WS, Ingest, once, open_ingest, working


@pytest.fixture
async def ingest(tmp_path: Path) -> AsyncIterator[Ingest]:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        async with working(ingest):
            yield ingest


async def half_done(ingest: Ingest, text: str = TEXT, *, by: str = "ada") -> Document:
    """Return a document whose embedding waits for the test."""
    ingest.embedder.gate.clear()
    received = await ingest.take("notes.md", once(text.encode()), by=by)
    return await ingest.until(received.id, lambda each: each.searchable == "words")


async def test_a_paused_document_waits_and_goes_on_where_it_stopped(ingest: Ingest) -> None:
    document = await half_done(ingest)

    paused = await ingest.control.pause(document.id)
    ingest.embedder.gate.set()
    other = await ingest.take("other.txt", once(b"Another one, to see that work goes on."))
    await ingest.finished(other.id)

    assert paused.paused
    held = await ingest.documents.get(document.id)
    assert (held.status, held.embedded, held.searchable) == ("embedding", 0, "words")
    parsed = ingest.told(document.id).count("parsing")
    await ingest.control.resume(document.id)
    ready = await ingest.finished(document.id)
    assert (ready.status, ready.paused) == ("ready", False)
    told = ingest.told(document.id)
    assert told.count("parsing") == parsed == 1
    assert (told.count("paused"), told.count("resumed")) == (1, 1)


async def test_a_document_that_is_paused_before_its_turn_is_not_read(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        first = await ingest.take("first.txt", once(b"The first one."))
        await ingest.control.pause(first.id)
        second = await ingest.take("second.txt", once(b"The second one."))
        async with working(ingest):
            await ingest.finished(second.id)
            assert ingest.told(first.id) == ["received", "paused"]

            await ingest.control.resume(first.id)

            assert (await ingest.finished(first.id)).status == "ready"


async def test_a_cancelled_document_is_not_found_and_may_be_retried(ingest: Ingest) -> None:
    document = await half_done(ingest)

    cancelled = await ingest.control.cancel(document.id)
    ingest.embedder.gate.set()

    assert (cancelled.status, cancelled.reason_code) == ("failed", "cancelled")
    assert not (await ingest.index.search_words(WS, "question 3", limit=1)).hits
    assert ingest.told(document.id)[-1] == "failed"
    await ingest.control.retry(document.id)
    ready = await ingest.until(document.id, lambda each: each.status == "ready")
    assert (ready.reason, ready.embedded) == (None, ready.chunks)
    assert (await ingest.index.search_words(WS, "question 3", limit=1)).hits


async def test_orders_mean_nothing_to_a_document_that_is_ready(ingest: Ingest) -> None:
    received = await ingest.take("notes.txt", once(b"Nothing is wrong with this one."))
    ready = await ingest.finished(received.id)
    told = ingest.told(received.id)

    control = ingest.control
    for order in (control.pause, control.resume, control.cancel, control.retry):
        assert await order(received.id) == ready

    assert ingest.told(received.id) == told


async def test_orders_that_follow_each_other_at_once_leave_one_whole_document(
    ingest: Ingest,
) -> None:
    document = await half_done(ingest)
    control = ingest.control
    for _ in range(5):
        await control.pause(document.id)
        await control.resume(document.id)
        await control.cancel(document.id)
        await control.retry(document.id)
    ingest.embedder.gate.set()

    ready = await ingest.until(document.id, lambda each: each.status == "ready")

    assert ready.chunks == ready.embedded > 1
    hits = (await ingest.index.search_words(WS, "第42题的答案 294", limit=50)).hits
    texts = [chunk.text for chunk in await ingest.index.get([hit.chunk for hit in hits])]
    assert sum("is 294." in text for text in texts) == 1


async def test_a_batch_tells_how_far_it_is_and_that_it_is_done(ingest: Ingest) -> None:
    for number in range(5):
        await ingest.take(f"{number}.txt", once(f"Note {number}.".encode()), batch="folder")
    await ingest.take("bad.pdf", once(b"%PDF-1.7 and then nothing"), batch="folder")

    async with asyncio.timeout(20):
        while not (told := batch_told(ingest, "folder")) or told[-1][:3] != (6, 5, 1):
            await ingest.changed.wait()

    (batch,) = await ingest.documents.list_batches(WS, batch=BatchId("folder"))
    assert (batch.total, batch.ready, batch.failed, batch.is_finished) == (6, 5, 1, True)
    assert not await ingest.documents.list_batches(WS, batch=BatchId("unknown"))


def batch_told(ingest: Ingest, id: str) -> list[tuple[int, int, int, int]]:
    return [
        (event.total, event.ready, event.failed, event.paused)
        for event in ingest.events
        if isinstance(event, BatchProgress) and event.batch_id == id
    ]


async def test_a_file_that_comes_again_belongs_to_the_later_batch(ingest: Ingest) -> None:
    first = await ingest.take("a.txt", once(b"The same words."), batch="one")
    await ingest.finished(first.id)

    again = await ingest.take("a.txt", once(b"The same words."), batch="two")

    assert (again.id, again.batch) == (first.id, "two")
    assert [batch.id for batch in await ingest.documents.list_batches(WS)] == ["two"]
    assert batch_told(ingest, "two") == [(1, 1, 0, 0)]


async def test_a_large_import_does_not_keep_the_upload_of_another_waiting(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        for number in range(40):
            await ingest.take(f"{number}.txt", once(f"Note {number}.".encode()), by="ada")
        upload = await ingest.take("upload.txt", once(b"A note about zebras."), by="bob")
        async with working(ingest):
            await ingest.finished(upload.id)

    ended = [event.document_id for event in ingest.events if isinstance(event, DocumentReady)]
    # Two of each kind run at once, so that a few of the others are done by then.
    assert upload.id in ended[:10]


async def test_a_long_embedding_lets_others_have_a_turn(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack, slice_s=0.0)
        ingest.worker.duties = [duty._replace(room=1) for duty in ingest.worker.duties]
        async with working(ingest):
            long = await half_done(ingest, TEXT * 4, by="ada")
            short = await half_done(ingest, "A note about zebras.", by="bob")
            ingest.embedder.gate.set()
            await ingest.finished(short.id)
            await ingest.finished(long.id)

    ended = [event.document_id for event in ingest.events if isinstance(event, DocumentReady)]
    assert ended == [short.id, long.id]


OLD = b"# Fruit\n\nApples are red in autumn."
NEW = b"# Fruit\n\nPears are green in summer."


async def found(ingest: Ingest, query: str) -> list[str]:
    hits = (await ingest.index.search_words(WS, query, limit=5)).hits
    return [chunk.text for chunk in await ingest.index.get([hit.chunk for hit in hits])]


async def revise(ingest: Ingest, document: Document, content: bytes) -> Document:
    batch = BatchId("revised")
    return await ingest.control.revise(document.id, "fruit.md", once(content), batch=batch)


async def fruit(ingest: Ingest) -> Document:
    received = await ingest.take("fruit.md", once(OLD))
    return await ingest.finished(received.id)


async def test_a_search_never_sees_half_of_a_new_version(ingest: Ingest) -> None:
    document = await fruit(ingest)
    ingest.embedder.gate.clear()

    coming = await revise(ingest, document, NEW)
    await ingest.until(document.id, lambda each: each.status == "embedding")

    assert (coming.id, coming.searchable, coming.version) == (document.id, "meaning", 1)
    assert "Apples" in (await found(ingest, "apples"))[0]
    assert not await found(ingest, "pears")
    ingest.embedder.gate.set()
    ready = await ingest.until(document.id, lambda each: each.status == "ready")
    assert (ready.version, ready.next, ready.size_bytes) == (2, None, len(NEW))
    assert not await found(ingest, "apples")
    assert "Pears" in (await found(ingest, "pears"))[0]
    assert ingest.told(document.id).count("ready") == 2
    assert ingest.accept.blobs.path(ready.digest).read_bytes() == NEW
    async with asyncio.timeout(20):
        while has_bytes(ingest, document):  # noqa: ASYNC110 (it tells nobody)
            await asyncio.sleep(0.01)


def has_bytes(ingest: Ingest, document: Document) -> bool:
    try:
        ingest.accept.blobs.path(document.digest)
    except NotFound:
        return False
    return True


async def test_of_a_new_version_only_what_is_new_is_embedded(ingest: Ingest) -> None:
    received = await ingest.take("fruit.md", once(TEXT.encode()))
    await ingest.finished(received.id)
    before = len(ingest.embedder.embedded)

    await revise(ingest, received, f"# Section none\n\nOf its own.\n\n{TEXT}".encode())
    ready = await ingest.until(received.id, lambda each: each.version == 2)

    # A few chunks after the new section begin elsewhere than before.
    assert len(ingest.embedder.embedded) - before <= ready.chunks // 3


async def test_a_new_version_that_cannot_be_read_leaves_the_one_before(ingest: Ingest) -> None:
    document = await fruit(ingest)

    await revise(ingest, document, b"%PDF-1.7 and then nothing")
    failed = await ingest.until(document.id, lambda each: each.status == "failed")

    assert (failed.searchable, failed.reason_code) == ("meaning", "broken")
    assert str(failed.reason).startswith("The new version cannot be read")
    assert await found(ingest, "apples")
    back = await ingest.control.cancel(document.id)
    assert back == msgspec.structs.replace(document, fence=back.fence, batch=back.batch)
    assert ingest.told(document.id)[-1] == "ready"


async def test_bytes_that_another_document_has_are_refused(ingest: Ingest) -> None:
    document = await fruit(ingest)
    await ingest.take("pears.md", once(NEW))

    with pytest.raises(Conflict, match=r"pears\.md"):
        await revise(ingest, document, NEW)

    assert (await ingest.documents.get(document.id)).next is None
    assert await revise(ingest, document, OLD) == await ingest.documents.get(document.id)


async def test_a_removed_document_takes_the_bytes_of_both_versions_along(ingest: Ingest) -> None:
    document = await fruit(ingest)
    ingest.embedder.gate.clear()
    coming = await revise(ingest, document, NEW)
    assert coming.next is not None

    await ingest.control.remove(document.id)

    for digest in (document.digest, coming.next.digest):
        with pytest.raises(NotFound):
            ingest.accept.blobs.path(digest)
    assert not await found(ingest, "apples pears")
    assert ingest.told(document.id)[-1] == "removed"
    ingest.embedder.gate.set()
