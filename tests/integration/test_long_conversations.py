"""A long conversation opens with its newest messages; the others are had page by page."""

import asyncio
from contextlib import closing
from typing import Any

import apsw
import httpx
import pytest

from groundwire.bootstrap import DATABASE
from groundwire.conversation import decide
from groundwire.conversation.follow import HISTORY, fold_all
from groundwire.model.ids import ConversationId, LogId, MessageId, TurnId, conversation_log
from tests.support.server import Served
from tests.support.turns import ask, converse, finish, say, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begin(served: Served, turns: int) -> tuple[str, LogId]:
    """Return a conversation of so many turns, and its log."""
    async with served.browse() as browser:
        session: str = (await browser.post("/api/v1/conversations", json={})).json()["id"]
    log = conversation_log(ConversationId(session))
    await converse(served.groundwire.assistant.log, log, turns)
    return session, log


async def get(browser: httpx.AsyncClient, session: str, path: str = "", **query: Any) -> Any:
    answer = await browser.get(f"/api/v1/conversations/{session}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def database(served: Served) -> apsw.Connection:
    return apsw.Connection(str(served.groundwire.settings.data / DATABASE))


def ids(body: Any) -> list[str]:
    return [message["messageId"] for message in body["messages"]]


def all_ids(turns: int) -> list[str]:
    return [f"{kind}{n}" for n in range(1, turns + 1) for kind in "qa"]


async def test_200_messages_are_shown_at_once(served: Served) -> None:
    session, _ = await begin(served, 100)
    async with served.browse() as browser:
        snapshot = await get(browser, session)

    assert ids(snapshot) == all_ids(100)
    assert snapshot["hasMore"] is False


async def test_of_more_messages_the_newest_are_shown_and_pages_lead_to_the_first(
    served: Served,
) -> None:
    session, _ = await begin(served, 110)
    async with served.browse() as browser:
        snapshot = await get(browser, session)
        assert ids(snapshot) == all_ids(110)[-50:]
        assert snapshot["hasMore"] is True
        answers = [each for each in snapshot["messages"] if each["role"] == "assistant"]
        assert {each["sources"][0]["title"] for each in answers} == {"Earthing guide.pdf"}

        seen, more = ids(snapshot), True
        while more:
            page = await get(browser, session, "/messages", before=seen[0], limit=33)
            seen, more = ids(page) + seen, page["hasMore"]

        assert seen == all_ids(110)
        assert ids(await get(browser, session, "/messages", limit=3)) == ["a109", "q110", "a110"]


async def test_the_socket_shows_the_same_as_the_resource(served: Served) -> None:
    session, _ = await begin(served, 110)
    async with served.browse() as browser, served.connect(f"sessionId={session}") as client:
        told = await client.next("snapshot")
        assert told | {"ts": ""} == await get(browser, session) | {"ts": ""}


async def test_a_page_is_refused_where_it_makes_no_sense(served: Served) -> None:
    session, _ = await begin(served, 1)
    stranger = await served.add_user("Mallory")
    path = f"/api/v1/conversations/{session}/messages"
    async with served.browse() as browser, served.browse(stranger) as foreign:
        for limit in ("0", "201", "-1", "x", "", "0001", "1.5"):
            answer = await browser.get(path, params={"limit": limit})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")
        assert (await browser.get(path, params={"before": "m_none"})).status_code == 404
        assert (await foreign.get(path)).status_code == 403


async def test_what_runs_and_what_waits_is_shown_with_the_way_back_from_it(served: Served) -> None:
    session, log = await begin(served, 130)
    events = served.groundwire.assistant.log
    retry = decide.Retry(
        turn=TurnId("t900"),
        question=MessageId("q5"),
        answer=MessageId("a900"),
        fork_of=MessageId("a5"),
        author="alice",
    )
    await events.decide(log, lambda desk: decide.regenerate(desk, retry))
    active = await start(events, log)
    await say(events, log, active, "In other", " words")
    await ask(events, log, 901, parent="a7")
    async with served.browse() as browser:
        snapshot = await get(browser, session)

    way_back = all_ids(7)
    assert ids(snapshot) == [*way_back, *all_ids(130)[-48:], "a900", "q901"]
    assert snapshot["messages"][-2]["content"] == "In other words"
    assert [turn["turnId"] for turn in snapshot["turns"]] == ["t900", "t901"]
    assert snapshot["hasMore"] is True
    await finish(events, log, active, "In other words")


async def test_a_turn_is_given_what_came_before_it_and_no_more(served: Served) -> None:
    _, log = await begin(served, 130)
    events = served.groundwire.assistant.log
    await ask(events, log, 131)
    active = await start(events, log)
    said = await say(events, log, active, "So", " far")

    fold = await fold_all(events, log)

    assert fold.messages[MessageId("a131")].content == "So far"
    path = fold.path(fold.messages[MessageId("q131")].parent_id)
    assert [each.message_id for each in path] == all_ids(130)[-HISTORY + 1 :]
    assert fold.running is not None
    assert fold.running.turn_id == "t131"
    await finish(events, log, active, said)


async def test_an_old_message_can_be_answered_anew(served: Served) -> None:
    session, _ = await begin(served, 130)
    async with served.connect() as client:
        served.script("In other words.")
        await client.say("regenerate", sessionId=session, messageId="a2")
        done = await client.next("done")
    async with served.browse() as browser:
        snapshot = await get(browser, session)

    assert done["finishReason"] == "stop"
    assert ids(snapshot)[:3] == ["q1", "a1", "q2"]
    assert snapshot["messages"][-1]["parentId"] == "q2"


async def test_a_conversation_is_opened_without_its_old_tokens(served: Served) -> None:
    """What is kept after each turn is all that is read, so that length costs nothing."""
    session, log = await begin(served, 20)
    events = served.groundwire.assistant.log
    head = await events.head(log)
    async with asyncio.timeout(10):
        while await seq_of_checkpoint(served, log) < head.seq:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with served.browse() as browser:
        before = await get(browser, session)
        with closing(database(served)) as connection:
            connection.execute(
                'DELETE FROM events WHERE data LIKE \'{"type":"token"%\' '
                "AND log_key = (SELECT key FROM logs WHERE log = ?)",
                (log,),
            )
        after = await get(browser, session)

    assert after | {"ts": ""} == before | {"ts": ""}
    assert after["messages"][-1]["content"] == "Answer 20 [1]."


async def seq_of_checkpoint(served: Served, log: LogId) -> int:
    def look(past: Any) -> int:
        return past.checkpoint.seq if past.checkpoint else 0

    return await served.groundwire.assistant.log.recall(log, look)


async def test_without_a_checkpoint_all_is_shown_the_same(served: Served) -> None:
    session, _ = await begin(served, 260)
    async with served.browse() as browser:
        before = await get(browser, session)
        with closing(database(served)) as connection:
            connection.execute("DELETE FROM checkpoints")

        after = await get(browser, session)

    assert after | {"ts": ""} == before | {"ts": ""}
