"""A process that dies in the middle of a sync, and what passes and what stays of errors."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from groundwire.ingest.progress import SYNC
from groundwire.ingest.sync import ATTEMPTS
from groundwire.model.errors import FeedFailed, Unavailable
from groundwire.model.feeds import Counts, Feed, FeedOptions
from groundwire.model.ids import FeedId, JobId, PrincipalId
from groundwire.ports.connector import Item, Missed
from groundwire.ports.job_queue import Job
from tests.support.ingest import WS, Ingest, once, open_ingest, working


class Shelf:
    """A place in memory: texts by their names. It may stop at one until the test goes on."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.opened: list[str] = []
        self.stop_at: str | None = None
        self.stopped = asyncio.Event()
        self.failures: list[FeedFailed] = []

    def check(self, address: str, options: FeedOptions) -> str:
        return address

    async def visit(
        self, feed: Feed, marks: Mapping[str, str]
    ) -> AsyncGenerator[Item | Missed, None]:
        if self.failures:
            raise self.failures.pop(0)
        for name, text in self.texts.items():
            if name == self.stop_at:
                self.stopped.set()
                await asyncio.Event().wait()
            is_known = marks.get(name) == text
            yield Item(name, f"{name}.txt", text, None if is_known else partial(self.read, name))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        self.opened.append(name)
        async for part in once(self.texts[name].encode()):
            yield part


def new_feed() -> Feed:
    return Feed(
        id=FeedId("f"),
        workspace=WS,
        kind="folder",
        address="shelf",
        added_by=PrincipalId("ada"),
        created_at=datetime.now(UTC),
    )


async def open_with(folder: Path, stack: AsyncExitStack, shelf: Shelf) -> Ingest:
    return await open_ingest(folder, stack, connectors={"folder": shelf})


async def until(ingest: Ingest, status: str) -> Feed:
    async with asyncio.timeout(20):
        while True:
            feed = await ingest.feeds.get(FeedId("f"))
            if feed.status == status and (feed.synced_at or feed.reason):
                return feed
            await asyncio.sleep(0.01)


async def test_a_sync_that_was_killed_goes_on_and_takes_nothing_twice(tmp_path: Path) -> None:
    shelf = Shelf(a="Apples.", b="Bananas.", c="Cherries.", d="Dates.")
    shelf.stop_at = "c"
    async with AsyncExitStack() as stack:
        first = await open_with(tmp_path, stack, shelf)
        await first.feeds.add(new_feed())
        await first.jobs.enqueue(SYNC, "f")
        async with working(first):
            async with asyncio.timeout(20):
                await shelf.stopped.wait()
                while len(await first.feeds.list_items(FeedId("f"))) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        batch = (await first.feeds.get(FeedId("f"))).batch
    shelf.stop_at = None
    async with AsyncExitStack() as stack:
        second = await open_with(tmp_path, stack, shelf)
        await second.intake.resume()
        async with working(second):
            feed = await until(second, "idle")
        documents = await second.documents.list_of(WS)

    assert shelf.opened == ["a", "b", "c", "d"]
    assert feed.batch == batch
    assert feed.counts == Counts(added=4)
    assert sorted(each.title for each in documents) == ["a.txt", "b.txt", "c.txt", "d.txt"]


def job(attempt: int) -> Job:
    return Job(id=JobId("j"), kind=SYNC, key="f", attempt=attempt)


async def test_what_may_pass_is_tried_again_and_tells_meanwhile_what_it_is(tmp_path: Path) -> None:
    shelf = Shelf(a="Apples.")
    shelf.failures = [FeedFailed("unreachable", "Nobody answers.", passes=True)]
    async with AsyncExitStack() as stack:
        ingest = await open_with(tmp_path, stack, shelf)
        await ingest.feeds.add(new_feed())
        await ingest.jobs.enqueue(SYNC, "f")
        async with working(ingest):
            failed = await until(ingest, "failed")
            idle = await until(ingest, "idle")

    assert (failed.reason_code, failed.reason) == ("unreachable", "Nobody answers.")
    assert (idle.counts, idle.reason_code, idle.reason) == (Counts(added=1), None, None)


async def test_what_stays_wrong_is_given_up(tmp_path: Path) -> None:
    shelf = Shelf(a="Apples.")
    passes = FeedFailed("unreachable", "Nobody answers.", passes=True)
    shelf.failures = [passes, passes, FeedFailed("not_allowed", "Not here.")]
    async with AsyncExitStack() as stack:
        ingest = await open_with(tmp_path, stack, shelf)
        await ingest.feeds.add(new_feed())

        with pytest.raises(Unavailable):
            await ingest.intake.sync.run(job(1))
        assert await ingest.intake.sync.run(job(ATTEMPTS))
        assert (await ingest.feeds.get(FeedId("f"))).reason_code == "unreachable"
        assert await ingest.intake.sync.run(job(1))
        assert (await ingest.feeds.get(FeedId("f"))).reason_code == "not_allowed"

    assert not shelf.opened


async def test_a_feed_removed_in_the_middle_of_its_sync_leaves_nothing(tmp_path: Path) -> None:
    shelf = Shelf(a="Apples.", b="Bananas.")
    shelf.stop_at = "b"
    async with AsyncExitStack() as stack:
        ingest = await open_with(tmp_path, stack, shelf)
        await ingest.feeds.add(new_feed())
        await ingest.jobs.enqueue(SYNC, "f")
        async with working(ingest):
            await asyncio.wait_for(shelf.stopped.wait(), 20)
            await ingest.feeds.change(FeedId("f"), lambda now: replace(now, removed=True))
            ingest.worker.stop("f")
            await ingest.jobs.enqueue(SYNC, "f")
            async with asyncio.timeout(20):
                while await ingest.documents.list_of(WS):
                    await ingest.changed.wait()
            async with asyncio.timeout(20):
                while await ingest.feeds.list_unfinished():  # noqa: ASYNC110 (it tells nobody)
                    await asyncio.sleep(0.01)

        assert not await ingest.feeds.list_items(FeedId("f"))
