"""A running server on a port of its own, with a model that says what it is told to say."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.models.scripted import ScriptedModel, Step
from groundwire.bootstrap import Groundwire, new_id, open_groundwire
from groundwire.model.access import Principal, Role
from groundwire.model.ids import LogId, PrincipalId, conversation_log
from groundwire.ports.embedder import Embedder
from groundwire.ports.tool import Tool
from groundwire.serving import Server
from groundwire.settings import Settings
from tests.support.socket import Talk, talk
from tests.support.specified import check_answer

# A closed port: no Ollama of this machine shall be found.
NOWHERE = "http://127.0.0.1:9"


@dataclass(slots=True)
class Served:
    """The server, its one model, and what its owner needs to speak to it."""

    groundwire: Groundwire
    model: ScriptedModel
    port: int
    key: str
    _sessions: int = field(default=0)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, query: str = "", path: str = "/api/v1/chat/stream") -> str:
        return f"ws://127.0.0.1:{self.port}{path}{'?' if query else ''}{query}"

    def headers(self, key: str | None = None) -> dict[str, str]:
        """Say who asks: the owner, or whose ``key`` it is; an empty one says nothing."""
        key = self.key if key is None else key
        return {"Authorization": f"Bearer {key}"} if key else {}

    def connect(
        self, query: str = "", *, key: str | None = None, receive_bytes: int | None = None
    ) -> "Talk.Opening":
        return talk(self.url(query), headers=self.headers(key), receive_bytes=receive_bytes)

    def new_session(self) -> str:
        """Return a sessionId that no test has used."""
        self._sessions += 1
        return f"session-{self._sessions}"

    def script(self, *steps: Step) -> None:
        self.model.enqueue(*steps)

    async def settle(self) -> None:
        """End what still runs or waits, and drop what was scripted for it."""
        self.model.forget()
        answers, log = self.groundwire.assistant.answers, self.groundwire.assistant.log
        while any([await answers.cancel(busy, None) for busy in await log.list_busy()]):
            continue

    async def add_user(self, name: str, role: Role = "editor") -> str:
        """Return the key of a new user."""
        principal = Principal(id=PrincipalId(new_id("p")), name=name, role=role)
        await self.groundwire.identities.add(principal)
        return await self.groundwire.authenticator.issue_key(principal, "test", "owner")

    async def log_of(self, session: str) -> LogId:
        """Return the log of a conversation of the owner's."""
        identity = await self.groundwire.authenticator.identify(self.key)
        found = await self.groundwire.assistant.archive.find(identity, session)
        return conversation_log(found.id)

    def browse(self, key: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.http,
            headers=self.headers(key),
            timeout=10,
            trust_env=False,
            event_hooks={"response": [check_answer]},
        )


@asynccontextmanager
async def serve(
    data: Path,
    *,
    scripts: Sequence[Sequence[Step]] = (),
    own_tools: Sequence[Tool] = (),
    model: ScriptedModel | None = None,
    embedder: Embedder | None = None,
    **settings: Any,
) -> AsyncGenerator[Served]:
    """Serve in this process, on a free port, until the context is left.

    ``scripts`` are for what an earlier process left unanswered. ``own_tools`` are offered
    beside those of the settings.
    """
    model = model or ScriptedModel()
    for steps in scripts:
        model.enqueue(*steps)
    values: dict[str, Any] = {"model": "scripted", "ollama_url": NOWHERE, "limits": "off"}
    made = Settings(data=data, port=0, **(values | settings))
    embedder = embedder or ScriptedEmbedder()
    opening = open_groundwire(made, models=[model], embedder=embedder, tools=own_tools)
    async with opening as groundwire:
        groundwire.hub.tick_s = groundwire.hub.revocation_s = 0.05
        owner = await groundwire.authenticator.owner()
        key = await groundwire.authenticator.issue_key(owner, "test", "owner")
        async with _Running(groundwire) as running:
            yield Served(groundwire, model, running.port, key)


class _Running:
    def __init__(self, groundwire: Groundwire) -> None:
        self._announced: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._server = Server(groundwire, self._announce)
        self.port = 0

    async def _announce(self, port: int) -> None:
        self._announced.set_result(port)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve())
        self.port = await asyncio.wait_for(self._announced, 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await asyncio.wait_for(self._task, 20)
