"""A log as server-sent events: the same bytes, by the same cursor."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from groundwire.adapters.models.scripted import WaitFor
from tests.support.http import stream
from tests.support.server import Served, serve
from tests.support.socket import Folded, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


def events(session: str, query: str = "") -> str:
    return f"/api/v1/conversations/{session}/events{query}"


async def answered(served: Served, *deltas: str) -> tuple[str, int, str]:
    """Return the session, head and epoch of a finished conversation."""
    async with served.connect() as client:
        served.script(*deltas)
        session = served.new_session()
        done = (await client.answer(session))[-1]
        ready = next(frame for frame in client.frames if frame["type"] == "ready")
        return session, done["seq"], ready["epoch"]


async def test_every_line_of_a_stream_is_as_the_protocol_says(served: Served) -> None:
    session, head, epoch = await answered(served, "a\u2028b\n\r", "😀")
    async with served.connect(f"sessionId={session}&cursor=0") as client:
        await client.next("ready")
        sent = [str(await client.socket.recv()) for _ in range(head)]
    await eventually(lambda: not served.groundwire.hub.members)
    async with served.browse() as browser, stream(browser, events(session, "?cursor=0")) as reader:
        assert reader.headers["content-type"] == "text/event-stream"
        assert reader.headers["cache-control"] == "no-cache, no-transform"
        assert reader.headers["x-accel-buffering"] == "no"
        assert [await reader.line() for _ in range(2)] == ["retry: 2000", ""]

        event, id, data, blank = [await reader.line() for _ in range(4)]
        ready = json.loads(data.removeprefix("data: "))
        assert (event, id, blank) == ("event: ready", f"id: {epoch}:0", "")
        assert (ready["epoch"], ready["head"], ready["resumed"]) == (epoch, head, True)

        for seq, data in enumerate(sent, 1):
            type = json.loads(data)["type"]
            lines = [await reader.line() for _ in range(4)]
            assert lines == [f"event: {type}", f"id: {epoch}:{seq}", f"data: {data}", ""]


async def test_without_a_cursor_there_is_a_snapshot_whose_id_is_its_cursor(
    served: Served,
) -> None:
    session, head, epoch = await answered(served, "whole")
    async with served.browse() as browser, stream(browser, events(session)) as reader:
        ready, snapshot = await reader.receive(), await reader.receive()
        body = (await browser.get(f"/api/v1/conversations/{session}")).json()
    assert (ready["type"], ready["resumed"]) == ("ready", False)
    assert {**snapshot, "ts": ""} == {**body, "ts": ""}
    # Cut between the two, a browser comes back without a cursor, not behind what it never saw.
    assert reader.ids == [None, f"{epoch}:{head}"]


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [("{epoch}:99", "ahead_of_head"), ("other:1", "epoch_changed"), ("rubbish", "unreadable")],
)
async def test_a_cursor_that_cannot_be_served_gets_a_snapshot_and_why(
    served: Served, cursor: str, reason: str
) -> None:
    session, head, epoch = await answered(served, "whole")
    path = events(session, f"?cursor={cursor.format(epoch=epoch)}")
    async with served.browse() as browser, stream(browser, path) as reader:
        ready, snapshot = await reader.receive(), await reader.receive()
    assert (ready["resumed"], ready["reason"]) == (False, reason)
    assert snapshot["cursor"] == reader.last_id == f"{epoch}:{head}"


async def test_what_a_browser_kept_wins_over_what_its_url_says(served: Served) -> None:
    session, head, epoch = await answered(served, "a")
    path = events(session, "?cursor=0")
    kept = {"Last-Event-ID": f"{epoch}:{head - 1}"}
    async with served.browse() as browser, stream(browser, path, **kept) as reader:
        assert (await reader.receive())["type"] == "ready"
        assert reader.last_id == f"{epoch}:{head - 1}"
        assert (await reader.receive())["seq"] == head


async def test_cut_before_any_event_a_browser_comes_back_to_where_it_was(served: Served) -> None:
    session, head, epoch = await answered(served, "a")
    path = events(session, f"?cursor={epoch}:{head}")
    async with served.browse() as browser, stream(browser, path) as reader:
        assert (await reader.receive())["type"] == "ready"
        assert reader.last_id == f"{epoch}:{head}"


async def test_live_events_come_and_the_text_is_proved(served: Served) -> None:
    session, go_on = served.new_session(), asyncio.Event()
    served.script("one ", WaitFor(go_on), "two")
    async with served.connect() as client, served.browse() as browser:
        await client.ask(session)
        async with stream(browser, events(session, "?cursor=0")) as reader:
            folded = Folded()
            while not folded.texts:
                folded.fold(await reader.receive())
            assert list(folded.texts.values()) == ["one "]
            go_on.set()
            while not folded.hashes:
                folded.fold(await reader.receive())
    (answer,) = folded.hashes
    assert folded.texts[answer] == "one two"
    assert folded.is_proved(answer)
    assert folded.cursor == reader.last_id


async def test_the_documents_of_a_workspace_are_a_stream_too(served: Served) -> None:
    async with served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        path = f"/api/v1/workspaces/{workspace}"
        async with stream(browser, f"{path}/events") as reader:
            ready = await reader.receive()
            assert (ready["workspaceId"], ready["resumed"]) == (workspace, False)
            assert reader.last_id == f"{ready['epoch']}:{ready['head']}"
            files = {"file": ("herons.txt", b"The heron nests in April.", "text/plain")}
            await browser.post(f"{path}/documents", files=files)
            assert (await reader.receive())["type"] == "document.received"
            assert reader.last_id == f"{ready['epoch']}:{ready['head'] + 1}"


async def test_what_is_wrong_before_the_stream_begins_is_a_problem(served: Served) -> None:
    key = await served.add_user("eve")
    async with served.browse() as browser, served.browse(key) as eve, served.browse("") as nobody:
        mine = (await browser.post("/api/v1/conversations", json={})).json()["id"]
        tries = [
            await browser.get(events("never heard of")),
            await browser.get(events("c_none")),
            await browser.get("/api/v1/workspaces/w_none/events"),
            await eve.get(events(mine)),
            await nobody.get(events(mine)),
        ]
        # Looking begins nothing.
        assert (await browser.get("/api/v1/conversations/never%20heard%20of")).status_code == 404
    assert [answer.status_code for answer in tries] == [404, 404, 404, 403, 401]
    assert {answer.headers["content-type"] for answer in tries} == {"application/problem+json"}


async def test_the_head_of_a_stream_is_told_without_a_stream(served: Served) -> None:
    session, _, _ = await answered(served, "a")
    async with served.browse() as browser:
        answer = await browser.head(events(session))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert not served.groundwire.hub.members


async def test_a_key_revoked_while_it_reads_ends_its_stream_and_says_why(served: Served) -> None:
    key = await served.add_user("revoked")
    async with served.connect(key=key) as client:
        await client.answer(session := served.new_session())
    async with served.browse(key) as browser, stream(browser, events(session)) as reader:
        await reader.next("snapshot")
        identity = await served.groundwire.authenticator.identify(key)
        await served.groundwire.authenticator.revoke(identity.credential.id)
        error = await reader.end()
    assert (error["type"], error["code"]) == ("error", "unauthorized")
    assert reader.ids[-1] is None


async def test_a_token_that_runs_out_is_announced_and_then_ends_the_stream(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _, _ = await answered(served, "a")
    owner = await served.groundwire.authenticator.owner()
    token, expires_at = await served.groundwire.authenticator.issue_session(owner)
    hub = served.groundwire.hub
    async with served.browse(token) as browser, stream(browser, events(session)) as reader:
        await reader.next("snapshot")
        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() - 30)
        told = await reader.receive()
        assert (told["type"], reader.ids[-1]) == ("auth_expiring", None)
        assert datetime.fromisoformat(told["expiresAt"]) == expires_at
        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() + 1)
        assert (await reader.end())["code"] == "token_expired"


async def test_a_conversation_deleted_while_it_is_read_ends_the_stream_and_says_so(
    served: Served,
) -> None:
    session, go_on = served.new_session(), asyncio.Event()
    served.script("a", WaitFor(go_on))
    async with served.connect() as client, served.browse() as browser:
        await client.ask(session)
        async with stream(browser, events(session)) as reader:
            await reader.next("snapshot")
            assert (await browser.delete(f"/api/v1/conversations/{session}")).status_code == 204
            error = await reader.end()
        assert (error["type"], error["code"]) == ("error", "gone")
        again = await browser.get(events(session), headers={"Last-Event-ID": reader.last_id})
        assert again.status_code == 404


async def test_who_hangs_up_is_forgotten(served: Served) -> None:
    session, _, _ = await answered(served, "a")
    async with served.browse() as browser, stream(browser, events(session)) as reader:
        await reader.next("snapshot")
        assert len(served.groundwire.hub.members) == 1
    await eventually(lambda: not served.groundwire.hub.members)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def capped(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    data: Path = tmp_path_factory.mktemp("capped")
    async with serve(
        data,
        heartbeat=0.1,
        idle_timeout=0.3,
        limits="on",
        connections=3,
        connections_per_user=2,
    ) as served:
        yield served


async def test_a_comment_now_and_then_keeps_the_stream_alive_and_it_is_never_idle(
    capped: Served,
) -> None:
    session, _, _ = await answered(capped, "a")
    async with capped.browse() as browser, stream(browser, events(session)) as reader:
        await reader.next("snapshot")
        assert [await reader.line() for _ in range(14)] == [":", ""] * 7


async def refusal(browser: httpx.AsyncClient, path: str) -> tuple[int, str]:
    """Return with what a stream is refused; one that is not would have no end to wait for."""
    async with browser.stream("GET", path) as answer:
        assert answer.status_code != 200
        return answer.status_code, json.loads(await answer.aread())["code"]


async def test_streams_are_counted_like_sockets(capped: Served) -> None:
    other = await capped.add_user("other")
    session, _, _ = await answered(capped, "a")
    path = events(session)
    async with capped.browse() as browser, capped.connect():
        async with stream(browser, path) as reader:
            await reader.next("snapshot")
            assert await refusal(browser, path) == (429, "connection_limit")
            async with capped.connect(key=other):
                assert await refusal(browser, path) == (503, "overloaded")
        await eventually(lambda: len(capped.groundwire.hub.members) == 1)
        async with stream(browser, path) as reader:
            await reader.next("snapshot")


async def test_a_server_that_stops_sends_its_streams_elsewhere(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        session, _, _ = await answered(served, "a")
        browser = served.browse()
        async with stream(browser, events(session)) as reader:
            await reader.next("snapshot")
            leaving = asyncio.create_task(served.groundwire.hub.drain())
            told = await reader.end()
            await leaving
            assert (told["type"], told["reason"], reader.ids[-1]) == ("reconnect", "restart", None)
        await browser.aclose()
