"""nginx and Caddy, as docs/howto/behind-a-proxy.md configures them, in front of a real server."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as open_socket

from groundwire.adapters.models.scripted import WaitFor
from groundwire_client import connect
from tests.support.fronts import BLOCKS, NAME, Front, Kind, caddy, front, nginx
from tests.support.server import Served, serve
from tests.support.socket import eventually

pytestmark = pytest.mark.slow
EVENTS = "/api/v1/conversations/test_123/events"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path / "data", allowed_hosts=(NAME,)) as served:
        yield served


@pytest.fixture(params=[nginx, caddy], ids=lambda kind: kind.__name__)
async def before(
    request: pytest.FixtureRequest, served: Served, tmp_path: Path
) -> AsyncGenerator[Front]:
    kind: Kind = request.param
    async with front(kind, tmp_path / "front", served.port) as before:
        yield before


def browse(before: Front, served: Served, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=before.http,
        verify=before.tls,
        headers=served.headers() | headers,
        timeout=15,
        trust_env=False,
    )


def open_client(before: Front, served: Served) -> "Any":
    return connect(before.http, token=served.key, verify=before.tls)


async def ask(client: httpx.AsyncClient) -> None:
    body = {"type": "chat_message", "content": "What is debmake?"}
    answered = await client.post("/api/v1/conversations/test_123/commands", json=body)
    assert answered.status_code == 200, answered.text


def test_the_page_has_a_configuration_for_each() -> None:
    assert set(BLOCKS) == {"sh", "nginx", "caddyfile"}


async def test_a_token_comes_while_the_model_is_still_at_it(before: Front, served: Served) -> None:
    """Case 130 with a real proxy: on each transport the first words are not held back."""
    more = asyncio.Event()
    served.script("First, ", WaitFor(more), "and last.")
    async with browse(before, served) as client:
        await ask(client)
        async with client.stream("GET", EVENTS, params={"cursor": "0"}) as stream:
            lines = stream.aiter_lines()
            while '"content":"First, "' not in await anext(lines):
                pass
            page = (await client.get(EVENTS.replace("events", "poll?cursor=0"))).json()
            assert "First, " in [event.get("content") for event in page["events"]]
            waiting = asyncio.create_task(
                client.get(EVENTS.replace("events", f"poll?wait=30&cursor={page['cursor']}"))
            )
            url = f"wss://127.0.0.1:{before.port}/api/v1/chat/stream?sessionId=test_123&cursor=0"
            origin: Any = f"https://{NAME}"
            async with open_socket(
                f"{url}&token={served.key}", ssl=before.tls, origin=origin, proxy=None
            ) as socket:
                while '"content":"First, "' not in await socket.recv(decode=True):
                    pass
                assert not waiting.done()
                more.set()
                while '"type":"done"' not in await socket.recv(decode=True):
                    pass
            while "event: done" not in await anext(lines):
                pass
            contents = [event.get("content") for event in (await waiting).json()["events"]]
            assert "and last." in contents
    await eventually(lambda: "/api/v1/chat/stream" in before.log)
    assert served.key not in before.log


async def test_a_foreign_page_is_refused_behind_it_too(before: Front, served: Served) -> None:
    async with browse(before, served, Origin="https://evil.example") as client:
        assert (await client.get("/api/v1/workspaces")).status_code == 403
    async with browse(before, served, Origin=f"https://{NAME}", Host=NAME) as client:
        assert (await client.get("/api/v1/workspaces")).json()["workspaces"]


async def test_a_document_of_many_megabytes_goes_through(before: Front, served: Served) -> None:
    text = "The ground wire carries the fault current. " * 120_000
    async with browse(before, served) as client:
        workspace = (await client.get("/api/v1/workspaces")).json()["workspaces"][0]["id"]
        files = {"file": ("guide.txt", text.encode(), "text/plain")}
        stored = await client.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
        assert stored.status_code in {200, 201, 202}, stored.text
        (document,) = stored.json()["documents"]
        content = await client.get(f"/api/v1/documents/{document['id']}/content")
        assert content.content == text.encode()


async def test_an_answer_outlives_its_proxy(before: Front, served: Served) -> None:
    more = asyncio.Event()
    words = [f"{n} 号 🔌 " for n in range(30)]
    served.script(*words, WaitFor(more), *words)
    async with open_client(before, served) as client:
        answer = await client.conversation("test_123").ask("Count.")
        pieces = aiter(answer)
        said = [await anext(pieces)]
        await before.kill()
        more.set()
        await served.model.until_ended(1)
        await before.start()
        said += [piece async for piece in pieces]
        done = await asyncio.wait_for(answer.done(), 30)
        assert done.content == "".join(words * 2)
        assert "".join(map(str, said)) == done.content


async def test_nginx_is_reloaded_in_the_middle_of_an_answer(served: Served, tmp_path: Path) -> None:
    more = asyncio.Event()
    served.script("First, ", WaitFor(more), "and last.")
    async with (
        front(nginx, tmp_path / "front", served.port) as before,
        open_client(before, served) as client,
        browse(before, served) as other,
    ):
        answer = await client.conversation("test_123").ask("Count.")
        pieces = aiter(answer)
        assert await anext(pieces) == "First, "
        before.reload()
        assert (await other.get("/healthz")).status_code == 200
        more.set()
        assert [piece async for piece in pieces] == ["and last."]
        assert (await answer.done()).content == "First, and last."
