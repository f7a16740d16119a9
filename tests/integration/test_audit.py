"""A reader sees what another process wrote, and costs the store nothing while there is nothing."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from groundwire.adapters import embedded
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import utc_now
from groundwire.model.ids import DocumentId, LogId, WorkspaceId, workspace_log
from groundwire.model.workspace_events import DocumentParsing
from tests.support.socket import eventually

T = TypeVar("T")
MIGRATIONS = Path(embedded.__file__).parent / "migrations"
LOGS = [workspace_log(WorkspaceId(f"w{n}")) for n in range(50)]
EVENT = DocumentParsing(document_id=DocumentId("d1"), title="report.pdf")


class CountingStore(Store):
    """A store that counts how often it was asked."""

    reads = 0
    writes = 0

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        self.reads += 1
        return await super().read(work)

    async def write(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        sync: bool = True,
        then: Callable[[T], None] | None = None,
    ) -> T:
        self.writes += 1
        return await super().write(work, sync=sync, then=then)


Opened = tuple[SqliteEventLog, CountingStore]


@contextmanager
def opened(
    folder: Path, name: str, audit_s: float
) -> Generator[tuple[SqliteEventLog, CountingStore]]:
    """A log as a process has it; each has a counter of its own beside the one database."""
    store = CountingStore(folder / "groundwire.db", MIGRATIONS)
    try:
        yield SqliteEventLog(store, utc_now, Counter(folder / name), audit_s=audit_s), store
    finally:
        store.close()


async def test_readers_of_logs_where_nothing_happens_do_not_read(tmp_path: Path) -> None:
    with opened(tmp_path, "here", 0.01) as (log, store):
        for each in LOGS:
            await log.create(each, name=each)
        waiting = [asyncio.create_task(log.wait(each, after=0)) for each in LOGS]
        await eventually(lambda: store.writes > len(LOGS) + 2)
        looks, reads = store.writes, store.reads

        await eventually(lambda: store.writes >= looks + 10)

        assert store.reads == reads
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_another_process_wrote_wakes_the_readers_of_that_log_alone(
    tmp_path: Path,
) -> None:
    with opened(tmp_path, "here", 0.01) as (here, _), opened(tmp_path, "there", 60) as (there, _):
        for each in LOGS:
            await there.create(each, name=each)
        waiting = {each: asyncio.create_task(here.wait(each, after=0)) for each in LOGS}

        for each in LOGS[3:5]:
            await there.append(each, [EVENT])
            await asyncio.wait_for(waiting[each], 10)

        assert [log for log, task in waiting.items() if task.done()] == LOGS[3:5]
        for task in waiting.values():
            task.cancel()
        await asyncio.gather(*waiting.values(), return_exceptions=True)


async def test_what_another_process_wrote_before_the_wait_is_not_waited_for(tmp_path: Path) -> None:
    log: LogId = LOGS[0]
    with opened(tmp_path, "here", 3600) as (here, _), opened(tmp_path, "there", 60) as (there, _):
        await here.create(log, name=log)
        assert await here.read(log, after=0, limit=1) == []

        await there.append(log, [EVENT])

        await asyncio.wait_for(here.wait(log, after=0), 10)


async def test_a_commit_of_our_own_does_not_hide_one_of_another_process(tmp_path: Path) -> None:
    mine, theirs = LOGS[:2]
    with (
        opened(tmp_path, "here", 0.05) as (here, store),
        opened(tmp_path, "there", 60) as (there, _),
    ):
        for each in (mine, theirs):
            await here.create(each, name=each)
        waiting = asyncio.create_task(here.wait(theirs, after=0))
        await eventually(lambda: store.reads > 0)

        await there.append(theirs, [EVENT])
        await here.append(mine, [EVENT])

        await asyncio.wait_for(waiting, 10)
