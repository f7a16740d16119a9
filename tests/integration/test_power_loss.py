"""What the log must survive: epochs change exactly when positions could be given out twice."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import ClassVar, TypeVar

import apsw
import pytest

from groundwire.adapters import embedded
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Lease
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import utc_now
from groundwire.conversation import decide
from groundwire.conversation.follow import follow
from groundwire.model.cursor import Head
from groundwire.model.errors import Overloaded
from groundwire.model.events import Done, Token
from groundwire.model.ids import ConversationId, MessageId, TurnId, conversation_log
from groundwire.model.standing import Active
from tests.support.server import serve
from tests.support.socket import Folded

T = TypeVar("T")
LOG = conversation_log(ConversationId("c"))
MIGRATIONS = Path(embedded.__file__).parent / "migrations"


class Life:
    """One lifetime of a data folder: from a start to an orderly stop, a crash or worse."""

    def __init__(self, folder: Path, *, boot: str = "boot 1", store: Store | None = None) -> None:
        self.store = store or Store(folder / "groundwire.db", MIGRATIONS)
        self.lease = Lease(folder, boot=boot)
        self.log = SqliteEventLog(self.store, utc_now, self.lease.seen, audit_s=0.02)
        self.reason: str | None = None

    async def begin(self) -> None:
        self.reason = await self.store.write(self.lease.begin)
        await self.store.write(self.lease.renew)
        await self.log.create(LOG, name="c")

    async def stop(self) -> None:
        await self.store.write(self.lease.end)
        self.crash()

    def crash(self) -> None:
        """Leave without a word; what was committed is in the files, as after a kill."""
        self.store.close()
        self.lease.release()

    async def ask(self, n: int) -> Active:
        question = decide.Question(
            turn=TurnId(f"t{n}"),
            message=MessageId(f"q{n}"),
            answer=MessageId(f"a{n}"),
            author="alice",
            content="?",
        )
        await self.log.decide(LOG, lambda desk: decide.ask(desk, question))
        active = await self.log.decide(LOG, decide.start, sync=False)
        assert active is not None
        return active

    async def say(self, active: Active, count: int = 1) -> None:
        asked = active.asked
        for _ in range(count):
            token = Token(turn_id=asked.turn, message_id=asked.answer, content="x", offset=0)
            await self.log.append(LOG, [token], fence=active.fence)

    async def finish(self, active: Active) -> None:
        asked = active.asked
        done = Done(
            turn_id=asked.turn,
            message_id=asked.answer,
            finish_reason="stop",
            content_hash=decide.EMPTY_HASH,
        )
        await self.log.decide(LOG, lambda desk: decide.finish(desk, active, done))


@asynccontextmanager
async def life(
    folder: Path, *, boot: str = "boot 1", crash: bool = True, store: Store | None = None
) -> AsyncGenerator[Life]:
    opened = Life(folder, boot=boot, store=store)
    await opened.begin()
    try:
        yield opened
    finally:
        if crash:
            opened.crash()
        else:
            await opened.stop()


async def head_after(folder: Path, *, boot: str = "boot 1") -> tuple[Head, str | None]:
    async with life(folder, boot=boot) as again:
        return await again.log.head(LOG), again.reason


async def lived(folder: Path, *, crash: bool = True) -> Head:
    """One lifetime with a turn in it; returns where its log ended."""
    async with life(folder, crash=crash) as first:
        active = await first.ask(1)
        await first.say(active, 5)
        await first.finish(active)
        return await first.log.head(LOG)


@pytest.mark.parametrize("crash", [True, False], ids=["crash", "stop"])
async def test_the_death_of_the_process_alone_keeps_the_epoch(tmp_path: Path, crash: bool) -> None:
    head = await lived(tmp_path, crash=crash)
    for _ in range(3):
        assert await head_after(tmp_path) == (head, None)


async def test_a_crash_while_the_lease_is_renewed_keeps_the_epoch(tmp_path: Path) -> None:
    head = await lived(tmp_path)
    halfway = Life(tmp_path)
    await halfway.store.write(halfway.lease.begin)
    (tmp_path / "lease").write_text("renewed, and then dead\n")
    halfway.crash()
    assert await head_after(tmp_path) == (head, None)


async def test_a_machine_that_stopped_without_a_word_changes_the_epoch(tmp_path: Path) -> None:
    head = await lived(tmp_path)
    after, reason = await head_after(tmp_path, boot="boot 2")
    assert reason == "machine_stopped"
    assert after.epoch != head.epoch


async def test_a_machine_restarted_after_an_orderly_stop_keeps_the_epoch(tmp_path: Path) -> None:
    head = await lived(tmp_path, crash=False)
    assert await head_after(tmp_path, boot="boot 2") == (head, None)


async def test_where_no_boot_is_told_every_crash_may_have_been_the_machines(
    tmp_path: Path,
) -> None:
    async with life(tmp_path, boot="") as first:
        epoch = (await first.log.head(LOG)).epoch
    after, reason = await head_after(tmp_path, boot="")
    assert (reason, after.epoch != epoch) == ("machine_stopped", True)


async def test_an_old_database_copied_back_changes_the_epoch(tmp_path: Path) -> None:
    folder, old = tmp_path / "data", tmp_path / "old.db"
    folder.mkdir()
    await lived(folder, crash=False)
    shutil.copy(folder / "groundwire.db", old)
    async with life(folder, crash=False) as later:
        await later.say(await later.ask(2), 5)
        head = await later.log.head(LOG)
    shutil.copy(old, folder / "groundwire.db")
    after, reason = await head_after(folder)
    assert reason in ("restored", "commits_lost")
    assert after.epoch != head.epoch
    assert after.seq < head.seq


async def test_a_database_of_this_lifetime_copied_back_changes_the_epoch(tmp_path: Path) -> None:
    folder, old = tmp_path / "data", tmp_path / "old.db"
    folder.mkdir()
    async with life(folder) as first:
        active = await first.ask(1)
        with (
            closing(apsw.Connection(str(old))) as copy,
            closing(apsw.Connection(str(first.store.path))) as source,
            copy.backup("main", source, "main") as backup,
        ):
            backup.step()
        await first.say(active, 5)
        head = await first.log.head(LOG)
    shutil.copy(old, folder / "groundwire.db")
    after, reason = await head_after(folder)
    assert (reason, after.epoch != head.epoch) == ("commits_lost", True)


async def test_a_folder_restored_from_a_copy_changes_the_epoch(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy"
    folder.mkdir()
    head = await lived(folder, crash=False)
    shutil.copytree(folder, copy)
    after, reason = await head_after(copy)
    assert (reason, after.epoch != head.epoch) == ("restored", True)
    assert await head_after(folder) == (head, None)


async def test_power_loss_keeps_what_was_synced_and_changes_the_epoch(tmp_path: Path) -> None:
    """The tail of the write-ahead log that was not synced is gone: tokens, no question."""
    folder, after_loss = tmp_path / "data", tmp_path / "after"
    folder.mkdir()
    async with life(folder) as first:
        active = await first.ask(1)
        wal = folder / "groundwire.db-wal"
        synced = wal.stat().st_size
        head_then = await first.log.head(LOG)
        await first.say(active, 20)
        head = await first.log.head(LOG)
        shutil.copytree(folder, after_loss, copy_function=shutil.copy2)
    assert head.seq == head_then.seq + 20
    lost = after_loss / "groundwire.db-wal"
    assert lost.stat().st_size > synced
    with lost.open("r+b") as file:
        file.truncate(synced)
    after, reason = await head_after(after_loss, boot="boot 2")
    assert reason is not None
    assert after.seq == head_then.seq
    assert after.epoch != head.epoch


class NotingStore(Store):
    """Notes of each write whether it is to be synced."""

    synced: ClassVar[list[bool]] = []

    async def write(
        self,
        work: Callable[[apsw.Connection], T],
        *,
        sync: bool = True,
        then: Callable[[T], None] | None = None,
    ) -> T:
        self.synced.append(sync)
        return await super().write(work, sync=sync, then=then)


async def test_a_question_and_a_done_are_synced_and_tokens_wait_for_them(tmp_path: Path) -> None:
    store = NotingStore(tmp_path / "groundwire.db", MIGRATIONS)
    async with life(tmp_path, store=store) as first:
        store.synced.clear()
        active = await first.ask(1)
        await first.say(active, 2)
        await first.finish(active)
        assert store.synced == [True, False, False, False, True]


async def test_a_commit_whose_wake_up_was_lost_is_read_all_the_same(tmp_path: Path) -> None:
    """Killed between commit and wake-up, or written by another process beside this one."""
    async with life(tmp_path) as first:
        active = await first.ask(1)
        reader = follow(first.log, LOG, after=1)
        waiting = asyncio.ensure_future(anext(aiter(reader)))
        await asyncio.sleep(0)
        beside = Store(tmp_path / "groundwire.db", MIGRATIONS)
        other = SqliteEventLog(beside, utc_now, first.lease.seen)
        asked = active.asked
        token = Token(turn_id=asked.turn, message_id=asked.answer, content="x", offset=0)
        await other.append(LOG, [token], fence=active.fence)
        beside.close()
        (recorded,) = await asyncio.wait_for(waiting, 5)
        assert recorded.seq == 2
        await first.say(active)
        assert [each.seq for each in await anext(aiter(reader))] == [3]


async def test_two_servers_of_one_folder_there_are_never(tmp_path: Path) -> None:
    async with life(tmp_path):
        with pytest.raises(Overloaded, match="Another Groundwire"):
            Lease(tmp_path)


async def test_a_stale_cursor_after_a_restore_gets_a_snapshot_and_why(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy"
    async with serve(folder) as served, served.connect() as client:
        done = (await client.answer("test_123", "before"))[-1]
        ready = next(frame for frame in client.frames if frame["type"] == "ready")
    shutil.copytree(folder, copy)
    async with serve(copy) as served, served.connect() as client:
        cursor = f"{ready['epoch']}:{done['seq']}"
        await client.say("attach", sessionId="test_123", cursor=cursor)
        again = await client.next("ready")
        assert (again["resumed"], again["reason"]) == (False, "epoch_changed")
        folded = Folded().fold(again).fold(await client.receive())
        assert folded.is_proved(done["messageId"])
        assert folded.epoch != ready["epoch"]
