"""The event logs that there are, each opened empty."""

import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from groundwire.adapters import embedded
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.memory import MemoryEventLog
from groundwire.bootstrap import utc_now
from groundwire.model.ids import Now
from groundwire.ports.event_log import EventLog

MIGRATIONS = Path(embedded.__file__).parent / "migrations"


@asynccontextmanager
async def memory(now: Now = utc_now) -> AsyncGenerator[EventLog]:
    yield MemoryEventLog(now)


@asynccontextmanager
async def sqlite(now: Now = utc_now, *, tail: int = 512) -> AsyncGenerator[EventLog]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "groundwire.db", MIGRATIONS)
        try:
            yield SqliteEventLog(store, now, Counter(Path(folder) / "seen"), tail=tail)
        finally:
            store.close()


@asynccontextmanager
async def sqlite_without_tail(now: Now = utc_now) -> AsyncGenerator[EventLog]:
    async with sqlite(now, tail=0) as log:
        yield log


OpenLog = Callable[..., AbstractAsyncContextManager[EventLog]]
every_log = pytest.mark.parametrize(
    "open_log", [memory, sqlite, sqlite_without_tail], ids=["memory", "sqlite", "sqlite-no-tail"]
)
