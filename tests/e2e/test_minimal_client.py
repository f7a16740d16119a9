"""A client that knows nothing but the text of the protocol, in a few lines and another process."""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from groundwire.adapters.models.scripted import Pause
from tests.support.server import Served, serve

CLIENT = Path(__file__).with_name("minimal_client.py")
PATIENCE_S = 60


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path) as served:
        yield served


@dataclass(slots=True)
class Cutter:
    """Passes bytes on to a server, and cuts each of the first connections somewhere."""

    port: int
    cuts: list[int]
    connections: int = 0

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit = self.cuts[self.connections] if self.connections < len(self.cuts) else None
        self.connections += 1
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
        passing = asyncio.create_task(copy(reader, to_server, None))
        await copy(from_server, writer, limit)
        writer.transport.abort()
        to_server.transport.abort()
        await passing


async def copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None
) -> None:
    """Copy to the end, or at most ``limit`` bytes."""
    left = sys.maxsize if limit is None else limit
    with suppress(ConnectionError):
        while left > 0 and (data := await reader.read(min(left, 4096))):
            left -= len(data)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting(port: int, cuts: list[int]) -> AsyncGenerator[tuple[Cutter, int]]:
    cutter = Cutter(port, cuts)
    server = await asyncio.start_server(cutter.pass_on, "127.0.0.1", 0)
    async with server:
        yield cutter, server.sockets[0].getsockname()[1]


async def ask(port: int, key: str, question: str) -> tuple[str, str, int]:
    """Return what the client prints, what it complains of, and how it ends."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CLIENT), "127.0.0.1", str(port), key, "test_123", question),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(child.communicate(), PATIENCE_S)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return out.decode(), err.decode(), child.returncode or 0


def test_it_is_at_most_sixty_lines() -> None:
    """Without those that are blank, import or say in a sentence what is done."""
    lines = [line.strip() for line in CLIENT.read_text("utf-8").splitlines()]
    told = [line for line in lines if line and not line.startswith(("import ", "from ", '"""'))]

    assert len(told) <= 60


async def test_it_asks_and_proves_the_answer(served: Served) -> None:
    served.script("接地线 ", "carries ", "the fault current 🔌.")
    said, complaint, code = await ask(served.port, served.key, "接地线？")

    assert (said, complaint, code) == ("接地线 carries the fault current 🔌.", "", 0)


async def test_it_is_cut_again_and_again_and_its_text_is_whole(served: Served) -> None:
    words = [f"{n} 号 🔌 " for n in range(300)]
    served.script(*[step for word in words for step in (word, Pause(0.003))])
    chance = random.Random(7)
    cuts = [chance.randrange(200, 9_000) for _ in range(12)]

    async with cutting(served.port, cuts) as (cutter, port):
        said, complaint, code = await ask(port, served.key, "Count.")

    assert (said, complaint, code) == ("".join(words), "", 0)
    assert cutter.connections > 5


async def test_it_is_told_why_it_is_refused(served: Served) -> None:
    _, complaint, code = await ask(served.port, "gw_wrong", "Hello?")
    assert (complaint.strip(), code) == ("The server does not let me in.", 1)

    _, complaint, code = await ask(served.port, served.key, " ")
    assert (complaint.strip(), code) == ("Ask something: `content` is empty.", 1)
