"""What is tested: a server by its address, or one that was started to be tested."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from groundwire.conformance.script import Script

START_S = 30.0
ORDER_S = 20.0
INVENTED = "conformance-"
# A closed port: no Ollama of this machine shall be found.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(slots=True)
class Subject:
    """A server, and a key that may do whatever its owner may."""

    url: str
    key: str

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    def new_session(self) -> str:
        """Return a sessionId that nobody has used."""
        return f"{INVENTED}{secrets.token_hex(6)}"

    async def begin(self, key: str) -> str:
        """Begin a conversation of the owner of ``key`` and return its id."""
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            aiohttp.ClientSession(self.url, headers=headers) as http,
            http.post("/api/v1/conversations", json={}) as response,
        ):
            return str((await response.json())["id"])


@dataclass(slots=True)
class Spawned(Subject):
    """A server in a process of its own, which obeys; see `node`.

    ``broken_by`` names what breaks a rule in it, as ``module:function``; see `node.main`.
    """

    data: Path
    settings: dict[str, Any]
    log: Path
    broken_by: str
    process: asyncio.subprocess.Process = field(repr=False)
    _ordering: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def script(self, *steps: str | dict[str, Any]) -> None:
        """Say what the model answers next; without a script it echoes the question."""
        await self.order("script", steps=steps)

    async def release(self, name: str) -> None:
        """Let the model go on past ``{"wait": name}``."""
        await self.order("release", name=name)

    async def order(self, what: str, **fields: object) -> Any:
        """Have the node do something and return what it answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        async with self._ordering, asyncio.timeout(ORDER_S):
            self.process.stdin.write(json.dumps({"order": what, **fields}).encode() + b"\n")
            await self.process.stdin.drain()
            line = await self.process.stdout.readline()
        if not line:
            raise AssertionError("the node is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"the node did not {what}: {answer['error']}")
        return answer["ok"]

    async def upload(self, name: str, text: str) -> None:
        """Put a document into the owner's default workspace; returns when it is ready."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with aiohttp.ClientSession(self.url, headers=headers) as http:
            async with http.get("/api/v1/me") as response:
                workspace = (await response.json())["workspaceId"]
            form = aiohttp.FormData()
            form.add_field("file", text.encode(), filename=name, content_type="text/plain")
            url = f"/api/v1/workspaces/{workspace}/documents"
            async with http.post(url, data=form) as response:
                id = (await response.json())["documents"][0]["id"]
            status = ""
            while status not in ("ready", "failed"):
                async with http.get(f"/api/v1/documents/{id}") as response:
                    status = (await response.json())["status"]

    def memory_bytes(self) -> int:
        """Return how much memory the process has in use."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text("ascii")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def read_log(self) -> str:
        """Return what it has logged so far."""
        return self.log.read_text("utf-8")

    async def kill(self) -> None:
        """Kill it as `kill -9` does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Stop it in order, as an operator does."""
        await self._end(signal.SIGTERM)

    async def restart(self, *scripts: Script) -> None:
        """Start it again on the same data; ``scripts`` are for answers that go on at once."""
        await self._end(signal.SIGKILL)
        self.process, self.url, _ = await _start(
            self.log, self.data, self.settings, scripts, self.broken_by
        )

    async def _end(self, number: signal.Signals) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)
        await self.process.wait()


@contextlib.asynccontextmanager
async def spawn(*scripts: Script, broken_by: str = "", **settings: Any) -> AsyncGenerator[Spawned]:
    """Start a server with data of its own and end it with the context."""
    with tempfile.TemporaryDirectory(prefix="groundwire-") as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        values = {"model": "scripted", "ollama_url": _NOWHERE, "limits": "off", **settings}
        process, url, key = await _start(log, data, values, scripts, broken_by)
        spawned = Spawned(url, key, data, values, log, broken_by, process)
        try:
            yield spawned
        finally:
            await spawned.kill()


async def _start(
    log: Path, data: Path, settings: dict[str, Any], scripts: Sequence[Script], broken_by: str
) -> tuple[asyncio.subprocess.Process, str, str]:
    arguments = (str(data), json.dumps(settings), json.dumps(scripts), broken_by)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "groundwire.conformance.node", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={k: v for k, v in os.environ.items() if not k.startswith("GROUNDWIRE_")},
        )
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        line = await process.stdout.readline()
    if not line:
        raise AssertionError(f"the server did not start: see {log}")
    told = json.loads(line)
    return process, told["url"], told["key"]
