"""One SQLite file: one writer thread that commits in groups, and readers beside it."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw

from groundwire.model.errors import GroundwireError, Overloaded

logger = logging.getLogger(__name__)

T = TypeVar("T")
Prepare = Callable[[apsw.Connection], None]
Row = tuple[Any, ...]
Value = str | int | float | bytes | None

READERS = 2
BUSY_TIMEOUT_MS = 10_000
# More writes than this in one commit would make the first of them wait for the last.
GROUP = 128


@dataclass(slots=True)
class _Work(Generic[T]):
    run: Callable[[apsw.Connection], T]
    sync: bool
    then: Callable[[T], None] | None
    done: "asyncio.Future[T]"
    loop: asyncio.AbstractEventLoop
    result: T | None = None
    error: BaseException | None = None

    def settle(self) -> None:
        """On the event loop: publish what was committed, then tell the one who waits.

        ``then`` runs even if the waiting task was cancelled meanwhile: the commit stands.
        """
        try:
            if self.error is None and self.then is not None:
                self.then(self.result)  # pyright: ignore[reportArgumentType] (T is set by then)
        finally:
            if not self.done.done():
                if self.error is None:
                    self.done.set_result(self.result)  # pyright: ignore[reportArgumentType]
                else:
                    self.done.set_exception(self.error)


class Store:
    """Transactions on one SQLite file in WAL mode.

    A write that returned survives the death of the process. With ``sync`` it, and all
    writes before it, survive a loss of power as well.
    """

    def __init__(self, path: Path, migrations: Path, *, prepare: Prepare | None = None) -> None:
        self.path = path
        self._prepare = prepare
        self._writer = self._connect()
        migrate(self._writer, migrations)
        self._closed = False
        self._queue: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_forever, name=f"writer {path.name}")
        self._thread.daemon = True
        self._thread.start()
        self._local = threading.local()
        self._reader_connections: list[apsw.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"reader {path.name}")

    def close(self) -> None:
        """Finish the writes that wait, then close. Blocks for as long as that takes."""
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._readers.shutdown()
        for connection in (*self._reader_connections, self._writer):
            connection.close()

    async def write(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        sync: bool = True,
        then: Callable[[T], None] | None = None,
    ) -> T:
        """Run ``work`` in a transaction of the writer and return once it is committed.

        Works run in the order in which they were given. An exception undoes this work only
        and is raised here. ``then`` gets the result on the event loop, in commit order,
        before the caller does and even if the caller was cancelled.
        """
        if self._closed:
            raise Overloaded("The server is stopping. Try again in a moment.")
        loop = asyncio.get_running_loop()
        item = _Work(work, sync, then, loop.create_future(), loop)
        self._queue.put(item)
        return await item.done

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run ``work`` on a reader's connection, away from the event loop.

        Raises ``Overloaded`` if the file cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def glance(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run a read of a row or two by their key here and now, on the event loop.

        It takes some 10 µs; to a reader and back it takes 100 to 400.
        """
        return self._read(work)

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            self._local.connection = connection
            self._reader_connections.append(connection)
        try:
            return work(connection)
        except (apsw.BusyError, apsw.IOError, apsw.CorruptError) as error:
            raise _translate(error) from error

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        # Each by itself: after a statement that has a row the next is not run until it is read.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        if self._prepare is not None:
            self._prepare(connection)
        return connection

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            stop = self._gather(group)
            self._commit(group)
            loops = {id(work.loop): work.loop for work in group}
            for loop in loops.values():
                mine = [work for work in group if work.loop is loop]
                # A loop that is closed has nobody left who waits.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_settle, mine)
            if stop:
                return

    def _gather(self, group: list[_Work[Any]]) -> bool:
        """Add what waits already to ``group``; return whether the end was among it."""
        while len(group) < GROUP:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return False
            if work is None:
                return True
            group.append(work)
        return False

    def _commit(self, group: list[_Work[Any]]) -> None:
        synced = any(work.sync for work in group)
        try:
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            for work in group:
                _run(self._writer, work)
            self._writer.execute("COMMIT")
        except apsw.Error as error:
            logger.error("a commit to %s failed: %s", self.path.name, error)  # noqa: TRY400
            with suppress(apsw.Error):
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            failure = _translate(error)
            for work in group:
                work.error = work.error or failure


def _run(connection: apsw.Connection, work: _Work[Any]) -> None:
    connection.execute("SAVEPOINT work")
    try:
        work.result = work.run(connection)
    except (apsw.FullError, apsw.IOError, apsw.CorruptError):
        # These concern the whole group: let its transaction fail.
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, it belongs to the caller)
        work.error = error
        connection.execute("ROLLBACK TO work")
    connection.execute("RELEASE work")


def _settle(group: list[_Work[Any]]) -> None:
    for work in group:
        work.settle()


def _translate(error: apsw.Error) -> GroundwireError:
    if isinstance(error, apsw.FullError):
        return Overloaded("The disk is full. Make room in the data folder and try again.")
    if isinstance(error, apsw.BusyError):
        return Overloaded("Another process holds the data folder. Try again in a moment.")
    return Overloaded(f"The data folder cannot be written ({type(error).__name__}). See the log.")


def select(connection: apsw.Connection, sql: str, values: Sequence[Value] = ()) -> list[Row]:
    """Run ``sql`` and return its rows; their columns are as the schema types them."""
    return connection.execute(sql, values).fetchall()


def select_one(connection: apsw.Connection, sql: str, values: Sequence[Value] = ()) -> Row | None:
    rows = select(connection, sql, values)
    return rows[0] if rows else None


def migrate(connection: apsw.Connection, migrations: Path) -> None:
    """Apply the numbered ``*.sql`` of ``migrations`` that ``connection`` has not had yet."""
    scripts = sorted(migrations.glob("[0-9]*.sql"))
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        _apply(connection, scripts, int(str(connection.pragma("user_version"))))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _apply(connection: apsw.Connection, scripts: list[Path], version: int) -> None:
    if version > len(scripts):
        raise Overloaded(
            "This data folder was made by a newer Groundwire. Upgrade, or use another folder."
        )
    for script in scripts[version:]:
        connection.execute(script.read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA user_version = {len(scripts)}")
