"""Tokens of answers that are done become a few events: who comes back is served, or told so."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from shutil import copy
from typing import Any

import apsw
import pytest
import pytest_asyncio

from groundwire.adapters import embedded
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import DATABASE, utc_now
from groundwire.conversation.keep import Keeper
from groundwire.model.ids import ConversationId, conversation_log
from tests.support.server import Served, serve
from tests.support.socket import Folded
from tests.support.turns import converse

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIGRATIONS = Path(embedded.__file__).parent / "migrations"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    async with serve(tmp_path_factory.mktemp("data"), compact_after=0.02) as served:
        yield served


async def replayed(served: Served, session: str, head: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    async with served.connect(f"sessionId={session}&cursor=0") as client:
        while not events or events[-1]["seq"] < head:
            frame = await client.receive()
            if "seq" in frame:
                events.append(frame)
    return events


async def compacted(served: Served, deltas: str) -> tuple[str, Folded, list[dict[str, Any]]]:
    """Return a conversation whose tokens were merged, what its asker saw, and what is stored."""
    session, folded = served.new_session(), Folded()
    async with served.connect() as client:
        served.script(*deltas)
        await client.ask(session)
        while not folded.hashes:
            folded.fold(await client.receive())
    async with asyncio.timeout(20):
        events = await replayed(served, session, folded.seq)
        while not any("covers" in event for event in events):
            await asyncio.sleep(0.02)
            events = await replayed(served, session, folded.seq)
    return session, folded, events


async def test_a_cursor_within_what_was_merged_gets_a_snapshot_and_is_told_why(
    served: Served,
) -> None:
    session, seen, events = await compacted(served, "The grass is 绿色的 😀.")
    merged = next(event for event in events if "covers" in event)
    for cursor in range(*merged["covers"]):
        query = f"sessionId={session}&cursor={seen.epoch}:{cursor}"
        async with served.connect(query) as client:
            ready = await client.next("ready")
            assert (ready["resumed"], ready["reason"]) == (False, "compacted")
            folded = Folded().fold(ready).fold(await client.next("snapshot"))
            assert (folded.cursor, folded.texts) == (seen.cursor, seen.texts)
            assert await client.nothing_more() == []


async def test_any_other_cursor_is_served_and_ends_in_the_same_text(served: Served) -> None:
    session, seen, events = await compacted(served, "One. Two. Three.")
    folded = Folded()
    for event in events:
        async with served.connect(f"sessionId={session}&cursor={seen.epoch}:{folded.seq}") as again:
            assert (await again.next("ready"))["resumed"] is True
            folded.fold(await again.until(lambda frame: "seq" in frame))
        assert folded.seq == event["seq"]

    (answer,) = folded.texts
    assert folded.texts == seen.texts
    assert folded.is_proved(answer)


async def test_a_question_after_it_is_answered_as_ever(served: Served) -> None:
    session, seen, _ = await compacted(served, "Four ohms.")
    async with served.connect(f"sessionId={session}&cursor={seen.cursor}") as client:
        served.script("Yes.")
        await client.ask(session, "Sure?")
        folded = seen
        while len(folded.hashes) < 2:
            folded.fold(await client.receive())
        assert all(folded.is_proved(answer) for answer in folded.texts)


async def test_what_an_older_version_wrote_is_compacted_as_well(tmp_path: Path) -> None:
    before = tmp_path / "migrations"
    before.mkdir()
    for script in sorted(MIGRATIONS.glob("*.sql"))[:3]:
        copy(script, before)
    log_id = conversation_log(ConversationId("alice"))
    await write_as_an_older_version(tmp_path / DATABASE, before)

    store = Store(tmp_path / DATABASE, MIGRATIONS)
    log = SqliteEventLog(store, utc_now, Counter(tmp_path / "seen"))
    assert await Keeper(log, utc_now, 0).compact()

    events = await log.read(log_id, after=0, limit=1_000)
    assert sum(b'"covers"' in event.data for event in events) == 3
    assert (await log.head(log_id)).seq == 3 * 9
    store.close()


async def write_as_an_older_version(database: Path, migrations: Path) -> None:
    """Write whole turns, then leave the database as the older version would have."""
    log_id = conversation_log(ConversationId("alice"))
    store = Store(database, MIGRATIONS)
    log = SqliteEventLog(store, utc_now, Counter(database.parent / "seen"))
    await log.create(log_id, name="test_123")
    await converse(log, log_id, 3)
    store.close()
    with closing(apsw.Connection(str(database))) as new:
        rows = {
            table: new.execute(f"SELECT {columns} FROM {table}").fetchall()
            for table, columns in (
                ("logs", "key, log, envelope, epoch, head, fence, busy, standing"),
                ("events", "log_key, seq, data"),
                ("asked", "*"),
            )
        }
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    Store(database, migrations).close()
    with closing(apsw.Connection(str(database))) as old:
        for table, found in rows.items():
            marks = ", ".join("?" * len(found[0]))
            old.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
