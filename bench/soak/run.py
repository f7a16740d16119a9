"""One run: a server, a model, people at it, and what fails meanwhile."""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import aiohttp
import msgspec

from bench.server import Server
from bench.soak.asking import Asker, library_asker, raw_asker
from bench.soak.link import Link
from bench.soak.plan import FAULTS_AT_MOST, Fault, Person, Round, draw_people, draw_restarts
from bench.soak.reciter import Progress, Reciter
from bench.soak.record import Failure, Record
from bench.soak.server import serve_soaked, suffer
from bench.soak.verify import Verifier
from groundwire.conformance.seen import Broken
from groundwire_client.errors import GroundwireError

ROUND_S = 300.0
"""Within that, however much fails, a round of questions is answered."""
DATABASES = ("groundwire.db", "index.db")


@dataclass(frozen=True, slots=True)
class Wanted:
    """``at_once`` is how many people there are at a time."""

    seed: int
    answers: int
    at_once: int = 128
    restart_s: float = 30.0
    faults: int = FAULTS_AT_MOST
    only: int | None = None


@dataclass(slots=True)
class Soak:
    wanted: Wanted
    server: Server
    reciter: Reciter
    record: Record
    switches: int = 0
    connections: int = 0
    _people: Iterator[Person] = field(init=False)

    async def run(self) -> None:
        everybody = [
            person
            for person in draw_people(self.wanted.seed, self.wanted.answers, self.wanted.faults)
            if self.wanted.only in (None, person.number)
        ]
        self._people = iter(everybody)
        restarting = asyncio.create_task(
            suffer(self.server, draw_restarts(self.wanted.seed, self.wanted.restart_s))
        )
        try:
            await asyncio.gather(*(self._live_on() for _ in range(self.wanted.at_once)))
        finally:
            restarting.cancel()
            failed, *_ = await asyncio.gather(restarting, return_exceptions=True)
        if not isinstance(failed, asyncio.CancelledError):
            self.record.failures.append(Failure("restart", "the server", repr(failed)))
        await self.server.restart(is_kill=True)
        await self._verify(everybody)

    async def _live_on(self) -> None:
        for person in self._people:
            await self._live(person)

    async def _live(self, person: Person) -> None:
        """Let one person ask; a promise that is broken is noted, and ends it."""
        async with self._link() as link, AsyncExitStack() as stack:
            asker = await stack.enter_async_context(self._asker(person, link))
            for each in person.rounds:
                try:
                    async with asyncio.timeout(ROUND_S):
                        await self._round(link, asker, each)
                except* (TimeoutError, Broken, GroundwireError, LookupError) as group:
                    for error in group.exceptions:
                        self._fail(person, each, link, error)

    def _asker(self, person: Person, link: Link) -> AbstractAsyncContextManager[Asker]:
        if person.client == "python":
            return library_asker(person, link, self.server.key, self.record)
        return raw_asker(person, link, self.server, self.record, self.wanted.seed)

    async def _round(self, link: Link, asker: Asker, each: Round) -> None:
        progress = Progress(of=len(each.faults))
        for question in each.questions:
            self.reciter.expect(question, progress)
        suffering = asyncio.create_task(self._suffer(link, each.faults, progress))
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(asker.ask(each)) for each in each.questions]
        finally:
            suffering.cancel()
            await asyncio.gather(suffering, return_exceptions=True)
        self.record.reads += [task.result() for task in asked]

    async def _suffer(self, link: Link, faults: tuple[Fault, ...], progress: Progress) -> None:
        for fault in faults:
            await link.suffer(fault)
            self.record.counts[f"fault: {fault.kind}"] += 1
            await progress.advance()

    async def _verify(self, everybody: list[Person]) -> None:
        rounds = chain.from_iterable(person.rounds for person in everybody)
        questions = {q.key: q for each in rounds for q in each.questions}
        headers = {"Authorization": f"Bearer {self.server.key}"}
        async with aiohttp.ClientSession(self.server.url, headers=headers) as http:
            await Verifier(self.wanted.seed, self.record, questions, http).verify()
        await self.server.stop(is_kill=False)
        for name in DATABASES:
            with sqlite3.connect(self.server.data / name) as database:
                (told,) = database.execute("PRAGMA integrity_check").fetchone()
            if told != "ok":
                self.record.failures.append(Failure("database", name, told))
        for complaint, times in self.server.complaints().items():
            why = f"{times} times: {complaint}"
            self.record.failures.append(Failure("server log", "the server", why))

    def _fail(self, person: Person, each: Round, link: Link, error: BaseException) -> None:
        match error:
            case GroundwireError():
                promise = {"lost": "lost", "content_mismatch": "hash"}.get(error.code, "error")
            case TimeoutError():
                promise = "answered"
            case _:
                promise = "log"
        plan = msgspec.json.encode(each).decode()
        frames = tuple(data.decode("utf-8", "backslashreplace") for data in link.last)
        place = f"{person.name} ({person.client}), {each.questions[0].key}"
        self.record.failures.append(Failure(promise, place, repr(error), plan, frames))

    @asynccontextmanager
    async def _link(self) -> AsyncGenerator[Link]:
        link = Link(lambda: self.server.at)
        await link.open()
        try:
            yield link
        finally:
            await link.close()
            self.switches += link.switches
            self.connections += link.carried.total()


@asynccontextmanager
async def open_soak(wanted: Wanted) -> AsyncGenerator[Soak]:
    with tempfile.TemporaryDirectory(prefix="groundwire-soak-") as folder:
        reciter = Reciter(wanted.seed)
        async with reciter.serve() as upstream, serve_soaked(Path(folder), upstream) as server:
            yield Soak(wanted, server, reciter, Record())
