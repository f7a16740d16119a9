"""A document goes in: the real parser, store and index; only the embedder is scripted."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from groundwire.ingest import index
from groundwire.ingest.index import BATCH
from groundwire.model.errors import InvalidField, TooLarge
from groundwire.model.events import tag_of
from groundwire.model.ids import workspace_log
from tests.support.ingest import TEXT, WS, Ingest, once, open_ingest, working

PROJECT = Path(__file__).parents[2]
# Several batches for the embedder.
LONG = "\n\n".join(f"# Chapter {number}\n\n{TEXT}" for number in range(8))


@pytest.fixture
async def ingest(tmp_path: Path) -> AsyncIterator[Ingest]:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        async with working(ingest):
            yield ingest


async def test_a_document_becomes_searchable_and_tells_how_far_it_is(ingest: Ingest) -> None:
    received = await ingest.take("notes.md", once(TEXT.encode()))
    assert (received.status, received.searchable) == ("queued", "none")

    ready = await ingest.finished(received.id)

    assert (ready.status, ready.searchable, ready.reason) == ("ready", "meaning", None)
    assert ready.chunks == ready.embedded > 1
    hits = (await ingest.index.search_words(WS, "第42题的答案", limit=3)).hits
    assert "294" in (await ingest.index.get([hits[0].chunk]))[0].text
    told = ingest.told(received.id)
    assert [name for n, name in enumerate(told) if name not in told[:n]] == [
        "received", "parsing", "chunking", "embedding", "ready",
    ]  # fmt: skip
    assert told.count("ready") == 1


async def test_words_are_found_while_the_meaning_waits(ingest: Ingest) -> None:
    ingest.embedder.gate.clear()
    received = await ingest.take("notes.md", once(TEXT.encode()))

    waiting = await ingest.until(received.id, lambda each: each.searchable == "words")

    assert (waiting.status, waiting.embedded) == ("embedding", 0)
    assert (await ingest.index.search_words(WS, "question 3", limit=1)).hits
    ingest.embedder.gate.set()
    assert (await ingest.finished(received.id)).searchable == "meaning"


async def test_a_new_document_does_not_wait_for_embeddings(ingest: Ingest) -> None:
    ingest.embedder.gate.clear()
    for number in range(6):
        content = f"{number}\n\n{TEXT}".encode()
        long = await ingest.take(f"long{number}.md", once(content))
        await ingest.until(long.id, lambda each: each.searchable == "words")

    short = await ingest.take("short.txt", once(b"A short note about zebras."))

    found = await ingest.until(short.id, lambda each: each.searchable == "words")
    assert found.status == "embedding"
    ingest.embedder.gate.set()


async def test_the_same_file_twice_is_one_document(ingest: Ingest) -> None:
    first = await ingest.take("a.txt", once(b"The same words."))
    second = await ingest.take("b.txt", once(b"The same words."))

    assert second.id == first.id
    await ingest.finished(first.id)
    assert (await ingest.take("c.txt", once(b"The same words."))).status == "ready"
    assert len(await ingest.documents.list_of(WS)) == 1
    assert ingest.told(first.id).count("received") == 1


async def test_a_file_that_fails_says_why_and_the_others_go_on(ingest: Ingest) -> None:
    bad = await ingest.take("bad.pdf", once(b"%PDF-1.7 and then nothing"))
    good = await ingest.take("good.txt", once(b"Nothing is wrong with this one."))

    failed, ready = await ingest.finished(bad.id), await ingest.finished(good.id)

    assert (failed.status, failed.searchable, failed.reason_code) == ("failed", "none", "broken")
    assert failed.reason
    assert ingest.told(bad.id) == ["received", "parsing", "failed"]
    assert ready.status == "ready"


async def test_a_failed_file_is_tried_again_when_it_comes_again(ingest: Ingest) -> None:
    first = await ingest.take("bad.pdf", once(b"%PDF-1.7 and then nothing"))
    await ingest.finished(first.id)

    again = await ingest.take("bad.pdf", once(b"%PDF-1.7 and then nothing"))

    assert (again.id, again.status, again.reason) == (first.id, "queued", None)
    await ingest.until(first.id, lambda each: each.status == "failed")


async def test_while_the_model_is_down_the_document_says_so_and_later_goes_on(
    ingest: Ingest,
) -> None:
    ingest.embedder.down = True
    received = await ingest.take("notes.md", once(TEXT.encode()))

    waiting = await ingest.until(received.id, lambda each: each.reason is not None)

    assert (waiting.searchable, waiting.reason_code) == ("words", "model_unavailable")
    assert "found by its words" in str(waiting.reason)
    ingest.embedder.down = False
    ready = await ingest.finished(received.id)
    assert (ready.status, ready.reason) == ("ready", None)


async def test_what_a_killed_server_left_of_a_document_that_is_gone_is_removed(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        kept = await ingest.take("kept.md", once(TEXT.encode()))
        gone = await ingest.take("gone.md", once(b"The heron nests in April."))
        for document in (kept, gone):
            await ingest.intake.index.parse(document.id)
        # As far as it came with the one it was to remove, and with one it took in.
        await ingest.documents.remove(gone.id)
        half = await ingest.accept.blobs.put(once(b"half"), limit_bytes=9)

    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        assert len(await ingest.index.list_documents()) == 2
        await ingest.intake.resume()

        assert list(await ingest.index.list_documents()) == [kept.id]
        assert set(await ingest.accept.blobs.list()) == {kept.digest}
        assert half.digest != kept.digest


async def test_a_document_removed_during_its_ingest_ends_quietly(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(tmp_path, stack)
        received = await ingest.take("notes.md", once(TEXT.encode()))
        await ingest.intake.index.parse(received.id)
        ingest.embedder.gate.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(ingest.intake.index.embed(received.id))
            await ingest.documents.remove(received.id)
            ingest.embedder.gate.set()

        assert not (await ingest.index.search_words(WS, "question", limit=1)).hits
        assert ingest.told(received.id)[-2:] == ["embedding", "removed"]
        await ingest.intake.index.parse(received.id)


async def test_too_large_a_file_is_refused_and_leaves_nothing(ingest: Ingest) -> None:
    with pytest.raises(TooLarge):
        await ingest.take("big.txt", once(b"x" * ((1 << 20) + 1)))

    assert not await ingest.documents.list_of(WS)


@pytest.mark.parametrize("name", ["", "..", "/", " \n"])
async def test_a_file_needs_a_name(ingest: Ingest, name: str) -> None:
    with pytest.raises(InvalidField):
        await ingest.take(name, once(b"text"))


async def test_a_name_is_the_last_part_of_its_path(ingest: Ingest) -> None:
    received = await ingest.take("C:\\Users\\me\\报告.txt", once(b"text"))

    assert received.title == "报告.txt"


async def test_after_a_stop_only_what_is_missing_is_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "REPORT_S", 0.0)
    async with AsyncExitStack() as stack:
        first = await open_ingest(tmp_path, stack)
        task = asyncio.create_task(first.worker.run())
        received = await first.take("notes.md", once(LONG.encode()))
        await first.until(received.id, lambda each: each.embedded > 0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        done = len(first.embedder.embedded)
    async with AsyncExitStack() as stack:
        second = await open_ingest(tmp_path, stack)
        await second.accept.resume()
        task = asyncio.create_task(second.worker.run())

        ready = await second.finished(received.id)

        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert ready.status == "ready"
        assert BATCH <= done < ready.chunks
        assert done + len(second.embedder.embedded) <= ready.chunks + BATCH


KILLED = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.support.ingest import TEXT, WS, once, open_ingest

async def main() -> None:
    async with AsyncExitStack() as stack:
        ingest = await open_ingest(Path(sys.argv[1]), stack)
        await ingest.jobs.release_all()
        await ingest.accept.resume()
        task = asyncio.create_task(ingest.worker.run())
        received = await ingest.take("notes.md", once(TEXT.encode()))
        print("accepted", received.id, flush=True)
        await ingest.finished(received.id)
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_kill_9_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for delay in (0.0, 0.1, 0.25, 0.4):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, str(tmp_path), stdout=PIPE, cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        assert process.stdout
        assert (await process.stdout.readline()).startswith(b"accepted")
        await asyncio.sleep(delay)
        process.kill()
        await process.communicate()
    async with AsyncExitStack() as stack:
        last = await open_ingest(tmp_path, stack)
        await last.jobs.release_all()
        await last.accept.resume()
        task = asyncio.create_task(last.worker.run())
        (document,) = await last.documents.list_of(WS)
        ready = await last.until(document.id, lambda each: each.status == "ready")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

        assert ready.chunks == ready.embedded
        assert not await last.index.serving.without_embedding(document.id, limit=1)
        hits = (await last.index.search_words(WS, "第42题的答案 294", limit=50)).hits
        texts = [chunk.text for chunk in await last.index.get([hit.chunk for hit in hits])]
        assert sum("is 294." in text for text in texts) == 1
        recorded = await last.log.read(workspace_log(WS), after=0, limit=10_000)
        assert [tag_of(event.data) for event in recorded].count("document.ready") == 1
