"""A log page by page, for whoever can only ask what comes next."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from groundwire.adapters.models.scripted import WaitFor
from tests.support.http import Poll
from tests.support.server import Served, serve
from tests.support.socket import Folded, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


def path(session: str) -> str:
    return f"/api/v1/conversations/{session}/poll"


async def answered(served: Served, *deltas: str) -> tuple[str, int, str]:
    """Return the session, head and epoch of a finished conversation."""
    async with served.connect() as client:
        served.script(*deltas)
        session = served.new_session()
        done = (await client.answer(session))[-1]
        ready = next(frame for frame in client.frames if frame["type"] == "ready")
        return session, done["seq"], ready["epoch"]


async def waits(served: Served) -> None:
    """Return once the server has a poll that waits."""
    await eventually(lambda: len(served.groundwire.hub.members) > 0)


async def test_what_is_there_comes_at_once_and_is_what_the_socket_sends(served: Served) -> None:
    session, head, epoch = await answered(served, "a")
    async with served.browse() as browser, served.connect(f"sessionId={session}&cursor=0") as one:
        body = await Poll(browser, path(session), "0").ask()
        await one.until(lambda frame: frame.get("seq") == head)
    assert body == {
        "events": one.events,
        "cursor": f"{epoch}:{head}",
        "head": head,
        "hasMore": False,
    }


@pytest.mark.parametrize("wait", [0, 0.05])
async def test_when_nothing_comes_in_time_the_cursor_stays(served: Served, wait: float) -> None:
    session, head, epoch = await answered(served, "a")
    async with served.browse() as browser:
        cursor = f"{epoch}:{head}"
        body = await Poll(browser, path(session), cursor).ask(wait=wait)
    assert body == {"events": [], "cursor": cursor, "head": head, "hasMore": False}


async def test_who_waits_is_answered_by_the_first_event(served: Served) -> None:
    session, head, epoch = await answered(served, "a")
    async with served.browse() as browser, served.connect() as client:
        poll = Poll(browser, path(session), f"{epoch}:{head}")
        waiting = asyncio.create_task(poll.ask(wait=60))
        await eventually(lambda: len(served.groundwire.hub.members) == 2)
        await client.ask(session)
        body = await waiting
    assert body["events"][0]["seq"] == head + 1


async def test_page_by_page_no_event_is_lost_or_doubled(served: Served) -> None:
    session, head, _ = await answered(served, *"a page is a part of the log")
    async with served.browse() as browser:
        poll, folded = Poll(browser, path(session), "0"), Folded()
        while True:
            body = await poll.ask(limit=4)
            folded.epoch = body["cursor"].split(":")[0]
            for event in body["events"]:
                folded.fold(event)
            assert folded.cursor == body["cursor"]
            assert (body["head"], body["hasMore"]) == (head, folded.seq < head)
            if not body["hasMore"]:
                break
    assert [each["hasMore"] for each in poll.answers[:-1]] == [True] * (len(poll.answers) - 1)
    assert len(poll.answers) == -(-head // 4)
    (answer,) = folded.hashes
    assert folded.is_proved(answer)


async def test_who_is_behind_is_sent_merged_events_that_begin_after_its_cursor(
    served: Served,
) -> None:
    session, _, _ = await answered(served, *["token "] * 50)
    async with served.browse() as browser:
        poll, after = Poll(browser, path(session), "0"), 0
        covered: list[list[int]] = []
        while (body := await poll.ask(limit=20))["hasMore"]:
            for event in body["events"]:
                first, last = event.get("covers", (event["seq"], event["seq"]))
                assert after < first <= last == event["seq"]
                covered += [event["covers"]] if "covers" in event else []
            after = int(body["cursor"].split(":")[1])
    assert len(covered) >= 2


async def test_without_a_cursor_there_is_a_snapshot_at_once(served: Served) -> None:
    session, head, epoch = await answered(served, "whole")
    async with served.browse() as browser:
        body = (await browser.get(path(session))).json()
        snapshot = (await browser.get(f"/api/v1/conversations/{session}")).json()
    assert {**body.pop("snapshot"), "ts": ""} == {**snapshot, "ts": ""}
    assert body == {"events": [], "cursor": f"{epoch}:{head}", "head": head, "hasMore": False}


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [("{epoch}:99", "ahead_of_head"), ("other:1", "epoch_changed"), ("rubbish", "unreadable")],
)
async def test_a_cursor_that_cannot_be_served_is_410_and_says_where_the_state_is(
    served: Served, cursor: str, reason: str
) -> None:
    session, _, epoch = await answered(served, "whole")
    async with served.browse() as browser:
        refused = await browser.get(path(session), params={"cursor": cursor.format(epoch=epoch)})
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (410, "unrecoverable_cursor")
        assert problem["reason"] == reason
        assert (await browser.get(problem["snapshot"])).json()["type"] == "snapshot"


@pytest.mark.parametrize(
    "query",
    [
        {"wait": "61"},
        {"wait": "-1"},
        {"wait": "nan"},
        {"wait": "soon"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "all"},
    ],
    ids=str,
)
async def test_a_number_out_of_range_is_refused_and_named(
    served: Served, query: dict[str, Any]
) -> None:
    session, _, _ = await answered(served, "a")
    async with served.browse() as browser:
        refused = await browser.get(path(session), params={"cursor": "0", **query})
    assert (refused.status_code, refused.json()["field"]) == (400, next(iter(query)))


async def test_a_workspace_is_polled_too(served: Served) -> None:
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        at = f"/api/v1/workspaces/{workspace}"
        start = (await browser.get(f"{at}/poll")).json()
        assert (start["events"], "snapshot" in start) == ([], False)
        files = {"file": ("otters.txt", b"The otter sleeps afloat.", "text/plain")}
        await browser.post(f"{at}/documents", files=files)
        poll = Poll(browser, f"{at}/poll", start["cursor"])
        assert (await poll.receive())["type"] == "document.received"
        lost = await browser.get(f"{at}/poll", params={"cursor": "other:1"})
        assert (lost.status_code, lost.json()["snapshot"]) == (410, f"{at}/documents")


async def test_who_may_not_read_is_told_by_a_status(served: Served) -> None:
    key = await served.add_user("eve")
    async with served.browse() as browser, served.browse(key) as eve, served.browse("") as nobody:
        mine = (await browser.post("/api/v1/conversations", json={})).json()["id"]
        tries = [
            await browser.get(path("never heard of either")),
            await eve.get(path(mine)),
            await nobody.get(path(mine)),
            await browser.get("/api/v1/workspaces/w_none/poll"),
        ]
    assert [answer.status_code for answer in tries] == [404, 403, 401, 404]


class TestWhileItWaits:
    async def test_a_revoked_key_is_401(self, served: Served) -> None:
        key = await served.add_user("revoked")
        async with served.connect(key=key) as client:
            await client.answer(session := served.new_session())
        await eventually(lambda: not served.groundwire.hub.members)
        async with served.browse(key) as browser:
            waiting = await begin(served, browser, session)
            identity = await served.groundwire.authenticator.identify(key)
            await served.groundwire.authenticator.revoke(identity.credential.id)
            answer = await waiting
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")

    async def test_a_deleted_conversation_is_410(self, served: Served) -> None:
        session, _, _ = await answered(served, "a")
        await eventually(lambda: not served.groundwire.hub.members)
        async with served.browse() as browser:
            waiting = await begin(served, browser, session)
            await browser.delete(f"/api/v1/conversations/{session}")
            answer = await waiting
            assert (answer.status_code, answer.json()["code"]) == (410, "gone")
            assert (await browser.get(path(session))).status_code == 404

    async def test_a_server_that_stops_answers_with_nothing(self, tmp_path: Path) -> None:
        async with serve(tmp_path) as served, served.browse() as browser:
            session, head, epoch = await answered(served, "a")
            await eventually(lambda: not served.groundwire.hub.members)
            waiting = await begin(served, browser, session)
            await served.groundwire.hub.drain()
            answer = await waiting
            late = await browser.get(path(session), params={"cursor": "0"})
        assert answer.json()["cursor"] == f"{epoch}:{head}"
        assert answer.json()["events"] == []
        assert (late.status_code, late.json()["code"]) == (503, "overloaded")

    async def test_who_hangs_up_is_forgotten(self, served: Served) -> None:
        session, _, _ = await answered(served, "a")
        await eventually(lambda: not served.groundwire.hub.members)
        async with served.browse() as browser:
            waiting = await begin(served, browser, session)
            waiting.cancel()
            await asyncio.wait([waiting])
            await eventually(lambda: not served.groundwire.hub.members)


async def begin(
    served: Served, browser: httpx.AsyncClient, session: str
) -> "asyncio.Task[httpx.Response]":
    """Poll at the head; return once the server waits, and nobody else is there."""
    cursor = (await browser.get(path(session))).json()["cursor"]
    query = {"cursor": cursor, "wait": "60"}
    waiting = asyncio.create_task(browser.get(path(session), params=query))
    await waits(served)
    return waiting


async def test_an_answer_polled_while_it_is_written_is_proved(served: Served) -> None:
    go_on = asyncio.Event()
    served.script("one ", WaitFor(go_on), *["two "] * 30)
    async with served.connect() as client, served.browse() as browser:
        await client.ask(session := served.new_session())
        poll, folded = Poll(browser, path(session), "0"), Folded()
        while not folded.texts:
            folded.fold(await poll.receive())
        go_on.set()
        while not folded.hashes:
            folded.fold(await poll.receive())
    (answer,) = folded.hashes
    assert folded.is_proved(answer)
