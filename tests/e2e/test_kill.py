"""kill -9 in the middle of answers and of ingests: what was acknowledged is not lost (G3, G8)."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.support.process import Process, create_key, start
from tests.support.socket import Folded, Frame, Talk

pytestmark = pytest.mark.slow

KILLS = 50
DELTAS = tuple(f"{n} 句，" for n in range(200))
WHOLE = "".join(DELTAS)


@pytest.fixture
async def upstream() -> AsyncGenerator[ScriptedServer]:
    reply = Reply(deltas=DELTAS, pace_s=0.002)
    async with ScriptedServer(models=("scribe",), default=reply) as server:
        yield server


def document(n: int) -> bytes:
    lines = [
        f"Record {n}.{line}: the gauge of well {line * n} was read twice." for line in range(9)
    ]
    return "\n\n".join(lines).encode()


async def upload(client: httpx.AsyncClient, workspace: str, n: int) -> str:
    files = {"file": (f"report {n}.txt", document(n), "text/plain")}
    answer = await client.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
    return answer.json()["documents"][0]["id"]


async def ask_and_read(client: Talk, session: str, seen: Folded, count: int) -> list[Frame]:
    """Ask; return after the ack and ``count`` more events, all of them folded."""
    await client.say("chat_message", sessionId=session, content="再说一遍", clientMessageId="k")
    frames: list[Frame] = []
    acked = False
    while not acked or seen.seq < count:
        frames.append(await client.receive())
        acked = acked or frames[-1]["type"] == "ack"
        seen.fold(frames[-1])
        if frames[-1]["type"] == "done":
            break
    return frames


async def check_after_kill(process: Process, session: str, seen: Folded, turn: str) -> bool:
    """Come back with the cursor: the whole answer is there in the end, and its hash is right.

    Returns whether text was withdrawn that another attempt had written.
    """
    async with process.connect(f"sessionId={session}&cursor={seen.cursor}") as client:
        ready = await client.next("ready")
        assert ready["resumed"], ready
        epoch = seen.epoch
        while not seen.hashes:
            seen.fold(await client.receive())
        assert seen.epoch == epoch
        (message,) = seen.hashes
        assert seen.is_proved(message)
        assert seen.texts[message] == WHOLE
        # Asked again after an unknown outcome, it is the same turn.
        ack = await client.ask(session, "再说一遍", clientMessageId="k")
        assert (ack["turnId"], ack["duplicate"]) == (turn, True)
        done = next(frame for frame in client.frames if frame["type"] == "done")
        assert done["finishReason"] == "stop"
        return any(frame["type"] == "answer.reset" for frame in client.frames)


def check_database(path: Path) -> None:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


async def wait_until_ready(client: httpx.AsyncClient, ids: list[str]) -> list[dict[str, Any]]:
    async with asyncio.timeout(120):
        while True:
            found = [(await client.get(f"/api/v1/documents/{id}")).json() for id in ids]
            if all(document["status"] in ("ready", "failed") for document in found):
                return found
            await asyncio.sleep(0.1)


async def test_fifty_kills_lose_nothing(tmp_path: Path, upstream: ScriptedServer) -> None:
    data, log, chance = tmp_path / "data", tmp_path / "log", random.Random(7)
    data.mkdir()
    settings = {
        "openai_base_url": upstream.openai_url,
        "model": "scribe",
        "ollama_url": "http://127.0.0.1:9",
    }
    key = await create_key(data)
    workspace, ids, resets = "", list[str](), list[bool]()
    before: tuple[str, Folded, str] | None = None
    for n in range(KILLS + 1):
        async with start(data, key, log, **settings) as process:
            if before is not None:
                resets.append(await check_after_kill(process, *before))
            if n == KILLS:
                await check_documents(process, workspace, ids)
                break
            session, seen = f"session-{n}", Folded()
            async with httpx.AsyncClient(base_url=process.http, headers=process.headers) as client:
                if not workspace:
                    made = await client.post("/api/v1/workspaces", json={"name": "wells"})
                    workspace = made.json()["id"]
                if n % 3 == 0:
                    ids.append(await upload(client, workspace, n))
            async with process.connect() as client:
                frames = await ask_and_read(client, session, seen, chance.randrange(150))
                await process.kill()
            turn = next(frame["turnId"] for frame in frames if frame["type"] == "ack")
            # What the question's own ready said; a kill right behind the ack comes before it.
            seen.epoch = seen.epoch or epoch_of(data, session)
            before = (session, seen, turn)
    assert any(resets)
    check_database(data / "groundwire.db")
    check_database(data / "index.db")
    assert "Traceback" not in log.read_text()


async def check_documents(process: Process, workspace: str, ids: list[str]) -> None:
    async with httpx.AsyncClient(base_url=process.http, headers=process.headers) as client:
        found = await wait_until_ready(client, ids)
        assert {document["status"] for document in found} == {"ready"}
        listed = (await client.get(f"/api/v1/workspaces/{workspace}/documents")).json()
        assert sorted(document["id"] for document in listed["documents"]) == sorted(ids)
    async with process.connect() as client:
        await client.say("attach", workspaceId=workspace, cursor="0")
        head = (await client.next("ready"))["head"]
        await client.until(lambda frame: frame.get("seq") == head)
        ready = [e["documentId"] for e in client.frames if e["type"] == "document.ready"]
        assert sorted(ready) == sorted(ids)


def epoch_of(data: Path, session: str) -> str:
    connection = apsw.Connection(str(data / "groundwire.db"))
    sql = "SELECT epoch FROM logs JOIN conversations ON log = 'conversation:' || id WHERE name = ?"
    ((epoch,),) = connection.execute(sql, (session,)).fetchall()
    connection.close()
    return str(epoch)


async def test_no_token_is_ever_in_the_log(tmp_path: Path, upstream: ScriptedServer) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    data.mkdir()
    key = await create_key(data)
    settings = {"openai_base_url": upstream.openai_url, "model": "scribe", "log_level": "debug"}
    async with start(data, key, log, **settings) as process:
        async with httpx.AsyncClient(base_url=process.http, headers=process.headers) as client:
            ticket = (await client.post("/api/v1/tickets")).json()["ticket"]
        bare = Process(process.http, "", process.child)
        for query in (f"token={key}", f"ticket={ticket}"):
            async with bare.connect(query) as client:
                await client.next("welcome")
        async with process.connect() as client:
            await client.say("auth", token=key)
            await client.next("ack")
            await client.socket.send(json.dumps({"type": "auth", "token": key + "x"}))
            await client.closed()
    logged = log.read_text()
    assert "WebSocket" in logged
    assert key.removeprefix("gw_") not in logged
    assert ticket not in logged
