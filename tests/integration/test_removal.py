"""Of a conversation that was deleted nothing is left."""

from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from groundwire.bootstrap import DATABASE, utc_now
from groundwire.conversation.keep import Keeper
from groundwire.conversation.recollect import catch_up
from groundwire.model.errors import NotFound
from groundwire.model.ids import ConversationId, LogId, conversation_log
from tests.support.server import Served, serve
from tests.support.turns import ask, converse, say, start

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEPT_BY = {"logs", "events", "checkpoints", "messages", "asked", "ended", "conversations"}


async def begin(served: Served) -> str:
    """Return a conversation with a title and many turns, which are compacted."""
    async with served.browse() as browser:
        session: str = (await browser.post("/api/v1/conversations", json={})).json()["id"]
        title = {"title": f"About {session}"}
        assert (await browser.patch(f"/api/v1/conversations/{session}", json=title)).is_success
    log = served.groundwire.assistant.log
    await converse(log, log_of(session), 80)
    while await Keeper(log, utc_now, 0).compact():
        pass
    return session


async def go_on(served: Served, session: str) -> None:
    """Let some turns end that are not compacted, and one run; keep a checkpoint."""
    log, id = served.groundwire.assistant.log, log_of(session)
    await converse(log, id, 3, first=81)
    await ask(log, id, 84)
    await say(log, id, await start(log, id), "So", " far")
    await catch_up(log, id)


def log_of(session: str) -> LogId:
    return conversation_log(ConversationId(session))


def column(connection: apsw.Connection, sql: str, *values: str) -> list[Any]:
    return [first for first, *_ in connection.execute(sql, values)]


def key_of(served: Served, session: str) -> int:
    with closing(apsw.Connection(str(served.groundwire.settings.data / DATABASE))) as connection:
        (key,) = column(connection, "SELECT key FROM logs WHERE log = ?", log_of(session))
        return int(key)


def traces(served: Served, session: str, key: int) -> set[str]:
    """Return the tables that hold the conversation's id, or anything of its log's number."""
    found: set[str] = set()
    with closing(apsw.Connection(str(served.groundwire.settings.data / DATABASE))) as connection:
        for table in column(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'"):
            names = column(connection, "SELECT name FROM pragma_table_info(?)", table)
            for row in connection.execute(f"SELECT * FROM {table}"):
                values = dict(zip(names, row, strict=True))
                number = values["key"] if table == "logs" else values.get("log_key")
                if number == key or any(session in str(value) for value in row):
                    found.add(table)
    return found


async def test_no_table_has_anything_of_a_conversation_that_was_deleted(served: Served) -> None:
    session, other = await begin(served), await begin(served)
    await go_on(served, session)
    await go_on(served, other)
    key, key_of_other = key_of(served, session), key_of(served, other)
    assert traces(served, session, key) == KEPT_BY

    async with served.browse() as browser, served.connect(f"sessionId={session}") as reader:
        await reader.next("snapshot")
        assert (await browser.delete(f"/api/v1/conversations/{session}")).status_code == 204
        assert await reader.closed() == 4404
        assert (await browser.get(f"/api/v1/conversations/{session}")).status_code == 404
        assert (await browser.get(f"/api/v1/conversations/{other}")).status_code == 200

    assert traces(served, session, key) == set()
    assert traces(served, other, key_of_other) == KEPT_BY


async def test_a_removal_that_was_cut_off_is_ended_at_the_next_start(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        session = await begin(served)
        await go_on(served, session)
        key = key_of(served, session)
        log = served.groundwire.assistant.log
        # As far as a server comes that is killed at the first moment.
        await served.groundwire.assistant.archive.conversations.remove(ConversationId(session))
        with pytest.raises(NotFound):
            await log.head(log_of(session))
        assert traces(served, session, key) != set()

    async with serve(tmp_path) as served:
        await served.groundwire.assistant.log.purge()

        assert traces(served, session, key) == set()


async def test_of_many_conversations_on_a_socket_it_is_said_which_is_gone(served: Served) -> None:
    sessions = [await begin(served) for _ in range(2)]
    async with served.connect() as client, served.browse() as browser:
        for session in sessions:
            await client.say("attach", sessionId=session)
            await client.next("snapshot")
        await browser.delete(f"/api/v1/conversations/{sessions[1]}")
        error = await client.next("error")
        assert (error["code"], error["detail"]) == ("gone", {"sessionId": sessions[1]})
        assert await client.closed() == 4404
