"""One run: the folder goes in, the server is killed, questions are asked, memory is watched."""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from bench import embeddings
from bench.folder.asking import LOST, Answers, Asker, State
from bench.folder.expected import Plan, expect
from bench.folder.make import make_folder
from bench.folder.material import gather
from bench.folder.verify import compare_index, compare_log, compare_states
from bench.memory import Peaks
from bench.server import Server, serve
from groundwire_client import connect

BATCH = "folder"
UPLOADS = 6
ASKERS = 2
LOOK_S = 0.5
AGAIN_S = 0.2
# The bench gives up when nothing has become of any file for so long, of no passage either.
STALL_S = 300.0
SETTINGS = {
    "GROUNDWIRE_MODEL": "extractive",
    "GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9",
    "GROUNDWIRE_LIMITS": "off",
}
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    documents: list[Path]
    seed: int
    files: int
    bad: int
    kill_s: float
    kills: int
    embedder: str


class _Batch(msgspec.Struct):
    total: int = 0
    ready: int = 0
    failed: int = 0


class _Documents(msgspec.Struct):
    documents: list[State]


@dataclass(slots=True)
class Run:
    """``accepted`` names the documents that the server said it has, by their ids."""

    wanted: Wanted
    folder: Path
    plan: Plan
    server: Server
    http: aiohttp.ClientSession
    note: Note
    workspace: str = ""
    accepted: dict[str, str] = field(default_factory=dict[str, str])
    answers: Answers = field(default_factory=Answers)
    peaks: Peaks = field(default_factory=Peaks)
    broken: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    uploaded_s: float = 0.0
    ready_s: float = 0.0
    states: list[State] = field(default_factory=list[State])
    _killed: asyncio.Event = field(default_factory=asyncio.Event)

    async def go(self) -> None:
        self.workspace = await self._begin()
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            client = connect(self.server.url, token=self.server.key)
            groundwire = await stack.enter_async_context(client)
            others = [self._watch(), self._kill(), self._tell(began)]
            askers = [
                Asker(
                    groundwire, self.http, self.workspace, self.accepted, self.plan.files,
                    self.answers, random.Random(f"{self.wanted.seed}/asker/{n}"),
                )
                for n in range(ASKERS)
            ]  # fmt: skip
            tasks = [asyncio.create_task(each) for each in (*others, *(a.go_on() for a in askers))]
            stack.push_async_callback(_end, tasks)
            await self._upload_all()
            self.uploaded_s = time.monotonic() - began
            await self._until_finished()
            self.ready_s = time.monotonic() - began
            # Questions are asked until it was killed as often as is wanted.
            await self._killed.wait()
        await self._verify()

    async def _begin(self) -> str:
        async with self.http.post("/api/v1/workspaces", json={"name": BATCH}) as response:
            return str((await response.json())["id"])

    async def _upload_all(self) -> None:
        waiting = iter(sorted(self.plan.files))

        async def work() -> None:
            for name in waiting:
                await self._upload(name)

        async with asyncio.TaskGroup() as group:
            for _ in range(UPLOADS):
                group.create_task(work())

    async def _upload(self, name: str) -> None:
        """Send a file until the server says that it has it."""
        content = await asyncio.to_thread((self.folder / name).read_bytes)
        url = f"/api/v1/workspaces/{self.workspace}/documents?batch={BATCH}"
        while True:
            form = aiohttp.FormData()
            form.add_field("file", content, filename=name)
            try:
                async with self.http.post(url, data=form) as response:
                    response.raise_for_status()
                    told = msgspec.json.decode(await response.read(), type=_Documents)
            except LOST:
                await asyncio.sleep(AGAIN_S)
            else:
                self.accepted[told.documents[0].id] = name
                return

    async def _until_finished(self) -> None:
        last, since = (-1, -1), time.monotonic()
        while True:
            with suppress(*LOST):
                batch = await self._batch()
                if batch.total == batch.ready + batch.failed == len(self.plan.files):
                    return
                if time.monotonic() - since > STALL_S:
                    embedded = sum(state.embedded for state in await self._documents())
                    so_far = (batch.ready + batch.failed, embedded)
                    if so_far == last:
                        self.broken.append(("lost", f"nothing has come of any in {STALL_S:.0f} s"))
                        return
                    last, since = so_far, time.monotonic()
            await asyncio.sleep(AGAIN_S)

    async def _documents(self) -> list[State]:
        async with self.http.get(f"/api/v1/workspaces/{self.workspace}/documents") as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=_Documents).documents

    async def _batch(self) -> _Batch:
        url = f"/api/v1/workspaces/{self.workspace}/batches/{BATCH}"
        async with self.http.get(url) as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=_Batch)

    async def _kill(self) -> None:
        while True:
            await asyncio.sleep(self.wanted.kill_s)
            await self.server.restart(is_kill=True)
            if self.server.restarts.total() >= self.wanted.kills:
                self._killed.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self.peaks.look, self.server.child.pid)
            await asyncio.sleep(LOOK_S)

    async def _tell(self, began: float) -> None:
        while True:
            await asyncio.sleep(10)
            with suppress(*LOST):
                batch = await self._batch()
                self.note(
                    f"{time.monotonic() - began:5.0f} s  {len(self.accepted)} sent, {batch.ready} "
                    f"ready, {batch.failed} refused, {self.answers.outcomes['answered']} answers, "
                    f"{self.server.restarts.total()} kills, {self.peaks.server_rss_mb} MB"
                )

    async def _verify(self) -> None:
        """Kill it once more: what was said to be ready is still so."""
        await self.server.restart(is_kill=True)
        self.states = await self._documents()
        self.broken += compare_states(self.states, self.accepted, self.plan.files)
        await self.server.stop(is_kill=False)
        self.broken += compare_index(self.server.data, self.states, self.plan.files)
        self.broken += compare_log(self.server.data, self.workspace, self.states)
        self.broken += (("answers", why) for why in self.answers.broken)
        self.broken += (
            ("log", f"{times} times: {complaint}")
            for complaint, times in self.server.complaints().items()
        )


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    """End what goes on for ever; whatever ended by itself has failed."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(outcome, asyncio.CancelledError):
            raise outcome or RuntimeError("a part of the bench has ended")


@asynccontextmanager
async def open_run(wanted: Wanted, note: Note) -> AsyncGenerator[Run]:
    with tempfile.TemporaryDirectory(prefix="groundwire-folder-") as place:
        folder = Path(place) / "files"
        folder.mkdir()
        material = await asyncio.to_thread(gather, wanted.documents, wanted.seed)
        bad = await asyncio.to_thread(
            make_folder, material, folder, count=wanted.files, bad=wanted.bad, seed=wanted.seed
        )
        note(f"a folder of {len(bad)} files: {dict(_suffixes(bad).most_common())}")
        plan = await expect(folder, bad)
        note(f"the parser alone took {plan.bare_s:.1f} s, {plan.passages:,} passages")
        async with AsyncExitStack() as stack:
            settings = dict(SETTINGS)
            if wanted.embedder == "scripted":
                url = await stack.enter_async_context(embeddings.Embeddings().serve())
                settings |= embeddings.settings(url)
            server = await stack.enter_async_context(serve(Path(place), settings))
            # The same place each time, for those who come back.
            server.port = server.at
            headers = {"Authorization": f"Bearer {server.key}"}
            session = aiohttp.ClientSession(server.url, headers=headers)
            http = await stack.enter_async_context(session)
            yield Run(wanted, folder, plan, server, http, note)


def _suffixes(names: "dict[str, tuple[str, ...]]") -> Counter[str]:
    return Counter(Path(name).suffix for name in names)
