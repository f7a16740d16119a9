"""What a long conversation costs: to open it, to ask in it, and on the disk.

    python -m bench.history [--turns 10000] [--tokens 60] [--opens 100] [--json] [--save]

A conversation is written through the store, and then opened and asked in through a real server,
over HTTP and the socket, before and after its tokens are compacted. Beside it stand an empty
one, and the fold of the whole log, which is what opening would take without a checkpoint. The
model answers at once; there are no documents. While it is compacted, tokens are appended to
another conversation.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import apsw
import msgspec
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect

from bench.first_token import Stamps, ask_through
from bench.server import Server, running
from groundwire.adapters.embedded.event_log import SqliteEventLog
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.bootstrap import DATABASE, MIGRATIONS, open_accounts, utc_now
from groundwire.conversation import decide
from groundwire.conversation.fold import Fold
from groundwire.conversation.keep import Keeper
from groundwire.model.events import (
    Citation,
    ConversationEvent,
    Done,
    Progress,
    Sources,
    Token,
    TurnStarted,
)
from groundwire.model.ids import (
    ConversationId,
    DocumentId,
    LogId,
    MessageId,
    PassageId,
    TurnId,
    conversation_log,
)
from groundwire.model.sources import Source
from groundwire.model.standing import Active
from groundwire.ports.event_log import Desk
from groundwire.settings import Settings

RESULT = Path(__file__).parent / "results" / "history.json"
PASSAGES = 8
PASSAGE = "The ground wire carries the fault current back to its source. " * 14
CITED_EACH = 15
ALONE_S = 5.0
OTHER = conversation_log(ConversationId("c_other"))


def events_of(active: Active, tokens: int) -> tuple[list[ConversationEvent], str]:
    """Return what is said in a turn up to its last token, and the text."""
    turn, answer = active.asked.turn, active.asked.answer
    items = tuple(
        Source(
            id=PassageId(f"d{n}:1"),
            n=n,
            document_id=DocumentId(f"d{n}"),
            title=f"Earthing guide {n}.pdf",
            text=PASSAGE,
            score=0.5,
            page=n,
        )
        for n in range(1, PASSAGES + 1)
    )
    events: list[ConversationEvent] = [
        TurnStarted(
            turn_id=turn, message_id=answer, parent_id=active.asked.question, model="stamps"
        ),
        Progress(turn_id=turn, status="retrieving", msg="Searching the knowledge base…"),
        Sources(turn_id=turn, items=items),
        Progress(turn_id=turn, status="generating", msg="Writing the answer…"),
    ]
    text = ""
    for n in range(tokens):
        piece = f" word{n}"
        events.append(Token(turn_id=turn, message_id=answer, content=piece, offset=len(text)))
        text += piece
        if n % CITED_EACH == CITED_EACH - 1:
            span = Citation(
                turn_id=turn, message_id=answer, start=0, end=len(text), source_id=items[0].id
            )
            events.append(span)
    return events, text


async def write(log: SqliteEventLog, id: LogId, turns: int, tokens: int) -> None:
    def begin(desk: Desk, n: int) -> tuple[Active, str]:
        question = decide.Question(
            turn=TurnId(f"t{n}"),
            message=MessageId(f"q{n}"),
            answer=MessageId(f"a{n}"),
            author="bench",
            content=f"What is the ground wire for, and what is question {n}?",
            client_message_id=f"k{n}",
        )
        decide.ask(desk, question)
        active = decide.start(desk)
        assert active is not None
        events, text = events_of(active, tokens)
        for event in events:
            desk.append(event)
        return active, text

    for n in range(turns):
        active, text = await log.decide(id, partial(begin, n=n), sync=False)
        done = Done(
            turn_id=active.asked.turn,
            message_id=active.asked.answer,
            finish_reason="stop",
            content_hash=sha256(text.encode()).hexdigest(),
        )
        await log.decide(id, partial(decide.finish, active=active, done=done), sync=False)


@asynccontextmanager
async def opened(folder: Path) -> AsyncGenerator[SqliteEventLog]:
    store = Store(folder / DATABASE, MIGRATIONS)
    try:
        yield SqliteEventLog(store, utc_now, Counter(folder / "seen"))
    finally:
        store.close()


async def fold_whole(log: SqliteEventLog, id: LogId) -> float:
    """Return the milliseconds that reading and folding all of the log takes."""
    fold, began = Fold(), time.perf_counter()
    while batch := await log.read(id, after=fold.seq, limit=256):
        fold.add(batch)
    return (time.perf_counter() - began) * 1000


async def append_beside(
    log: SqliteEventLog, active: Active, work: Awaitable[None]
) -> tuple[float, list[float]]:
    """Do ``work``; return its seconds, and milliseconds of each token appended meanwhile."""
    taken, began = list[float](), time.perf_counter()
    working = asyncio.ensure_future(work)
    while not working.done():
        token = Token(
            turn_id=active.asked.turn, message_id=active.asked.answer, content="x", offset=0
        )
        start = time.perf_counter()
        await log.append(OTHER, [token], fence=active.fence)
        taken.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(0.005)
    await working
    return time.perf_counter() - began, taken


def _begin_other(desk: Desk) -> Active:
    question = decide.Question(
        turn=TurnId("t"), message=MessageId("q"), answer=MessageId("a"), author="b", content="?"
    )
    decide.ask(desk, question)
    active = decide.start(desk)
    assert active is not None
    return active


async def compact(log: SqliteEventLog) -> None:
    keeper = Keeper(log, lambda: utc_now() + timedelta(hours=1), 1)
    while await keeper.compact():
        pass


def size_of(folder: Path) -> dict[str, float]:
    """Return the megabytes in use, and of the file: pages that are free are used again."""
    with closing(apsw.Connection(str(folder / DATABASE))) as connection:
        pages, free, page = (
            int(str(connection.pragma(name)))
            for name in ("page_count", "freelist_count", "page_size")
        )
    return {"used": round((pages - free) * page / 1e6, 1), "file": round(pages * page / 1e6, 1)}


@dataclass(frozen=True, slots=True)
class Opener:
    http: ClientSession
    socket: ClientConnection
    url: str

    async def begin(self) -> str:
        async with self.http.post(f"{self.url}/api/v1/conversations", json={}) as answer:
            return str((await answer.json())["id"])

    async def get(self, session: str) -> None:
        async with self.http.get(f"{self.url}/api/v1/conversations/{session}") as answer:
            assert answer.status == 200
            await answer.read()

    async def attach(self, session: str) -> None:
        await self.socket.send(json.dumps({"type": "attach", "sessionId": session}))
        while b'"type":"snapshot"' not in await self.socket.recv(decode=False):
            pass

    async def ask(self, session: str) -> float:
        """Return the milliseconds to the first token."""
        return (await ask_through(self.socket, session)).first


@asynccontextmanager
async def serve(folder: Path, key: str, upstream: str) -> AsyncGenerator[Opener]:
    """Yield what opens conversations of a server of its own."""
    settings = {
        "GROUNDWIRE_OPENAI_BASE_URL": upstream,
        "GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9",
        "GROUNDWIRE_LIMITS": "off",
        "GROUNDWIRE_COMPACT_AFTER": "0",
    }
    server = Server(folder, folder / "server.log", key, settings)
    async with (
        running(server, is_kill=False),
        ClientSession(headers=server.headers) as http,
        connect(
            server.stream, additional_headers=server.headers, proxy=None, max_size=None
        ) as socket,
    ):
        yield Opener(http, socket, server.url)


async def time_each(count: int, work: Callable[[], Awaitable[object]]) -> dict[str, float]:
    taken: list[float] = []
    for n in range(-3, count):
        began = time.perf_counter()
        await work()
        if n >= 0:
            taken.append((time.perf_counter() - began) * 1000)
    return _percentiles(taken)


def _percentiles(taken: list[float]) -> dict[str, float]:
    cuts = quantiles(taken, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)}


async def open_and_ask(server: Opener, session: str, opens: int) -> dict[str, Any]:
    """Open the conversation, and an empty one; ask in it, and in new ones."""
    empty = await server.begin()
    timed = {
        "openHttpMs": await time_each(opens, lambda: server.get(session)),
        "openSocketMs": await time_each(opens, lambda: server.attach(session)),
        "openEmptyHttpMs": await time_each(opens, lambda: server.get(empty)),
    }
    firsts: tuple[list[float], list[float]] = ([], [])
    for _ in range(max(3, opens // 3)):
        firsts[0].append(await server.ask(session))
        firsts[1].append(await server.ask(await server.begin()))
    return {
        **timed,
        "firstTokenMs": round(median(firsts[0]), 2),
        "firstTokenInNewMs": round(median(firsts[1]), 2),
        "firstTokenToNew": round(median(firsts[0]) / median(firsts[1]), 2),
    }


async def measure(folder: Path, turns: int, tokens: int, opens: int) -> dict[str, Any]:
    async with open_accounts(Settings(data=folder)) as accounts:
        owner = await accounts.authenticator.owner()
        key = await accounts.authenticator.issue_key(owner, "bench", "owner")
    async with Stamps().serve() as upstream:
        async with serve(folder, key, upstream) as server:
            session = await server.begin()
        id = conversation_log(ConversationId(session))
        async with opened(folder) as log:
            await write(log, id, turns, tokens)
            whole = await fold_whole(log, id)
        async with serve(folder, key, upstream) as server:
            began = time.perf_counter()
            await server.get(session)
            first = (time.perf_counter() - began) * 1000
            before = await open_and_ask(server, session, opens)
        size_before = size_of(folder)
        async with opened(folder) as log:
            await log.create(OTHER, name="other")
            active = await log.decide(OTHER, _begin_other)
            _, alone = await append_beside(log, active, asyncio.sleep(ALONE_S))
            took, beside = await append_beside(log, active, compact(log))
        size_after = size_of(folder)
        async with serve(folder, key, upstream) as server:
            after = await open_and_ask(server, session, opens)
    return {
        "turns": turns,
        "tokensPerTurn": tokens,
        "foldWholeLogMs": round(whole),
        "openWithoutCheckpointMs": round(first),
        "before": before,
        "after": after,
        "wholeLogToOpen": round(whole / before["openHttpMs"]["p50"]),
        "compactS": round(took, 1),
        "appendMsAlone": _percentiles(alone),
        "appendMsMeanwhile": _percentiles(beside),
        "megabytesBefore": size_before,
        "megabytesAfter": size_after,
        "usedAfterToBefore": round(size_after["used"] / size_before["used"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=60, help="in each answer")
    parser.add_argument("--opens", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="on one line, for programs")
    parser.add_argument("--save", action="store_true", help=f"write {RESULT.name}")
    asked = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(measure(Path(folder), asked.turns, asked.tokens, asked.opens))
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    result = {**measured, "machine": machine, "loadBefore": load}
    text = json.dumps(result, indent=2)
    print(msgspec.json.encode(result).decode() if asked.json else text)
    if asked.save:
        RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
