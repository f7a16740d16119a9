"""An index in any order of commands, against what each embedder has to find then."""

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from groundwire.adapters.embedded.index import SqliteIndex, SqliteSpace
from groundwire.adapters.vectors.memory import MemoryVectors
from groundwire.model.documents import Chunk
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId, chunk_id

pytestmark = pytest.mark.slow

T = TypeVar("T")
HOME = WorkspaceId("w")
DIMENSIONS = 6

documents = st.sampled_from([DocumentId("d1"), DocumentId("d2")])
wordings = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
spaces = st.sampled_from(["serving", "coming"])


@dataclass
class Known:
    """A chunk as the model has it."""

    chunk: Chunk
    staged: bool


class IndexMachine(RuleBasedStateMachine):
    """Vectors in the file; each embedder's are drawn anew, so that none is like another's."""

    def make_store(self) -> MemoryVectors | None:
        return None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "index.db"
        self.store = self.make_store()
        self.chance = np.random.default_rng(1)
        self.chunks: dict[ChunkId, Known] = {}
        self.versions: dict[DocumentId, int] = {}
        self.serving: str = "a"
        self.coming: str = ""
        self.vectors: dict[str, dict[ChunkId, NDArray[np.float32]]] = {"a": {}}
        self.index = self.open("a")
        self.replace(DocumentId("d1"), ["a", "b"])
        self.finish("serving")
        # Where it becomes interesting: another embedder is to take over.
        self.reopen("b")

    def open(self, embedder: str) -> SqliteIndex:
        return SqliteIndex(self.path, embedder=embedder, vectors=self.store)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.index.close()
        self.loop.close()
        self.folder.cleanup()

    @rule(document=documents, wording=wordings)
    def replace(self, document: DocumentId, wording: list[str]) -> None:
        version = self.versions.setdefault(document, 1)
        new = cut(document, wording, version)
        self.run(self.index.replace(HOME, document, new))
        before = self.of(document)
        for id in before:
            if id not in {chunk.id for chunk in new if before[id].chunk.text == chunk.text}:
                self.forget(id)
        self.chunks |= {chunk.id: Known(chunk, staged=False) for chunk in new}

    @rule(document=documents, wording=wordings)
    def stage(self, document: DocumentId, wording: list[str]) -> None:
        live = self.of(document, staged=False)
        if not live:
            return
        new = cut(document, wording, self.versions[document] + 1)
        self.run(self.index.stage(HOME, document, new))
        for id in self.of(document, staged=True):
            self.forget(id)
        like = {known.chunk.text: id for id, known in live.items()}
        for chunk in new:
            self.chunks[chunk.id] = Known(chunk, staged=True)
            for its in self.vectors.values():
                # What is elsewhere is not read back.
                if self.store is None and like.get(chunk.text) in its:
                    its[chunk.id] = its[like[chunk.text]]

    @rule(document=documents)
    def publish(self, document: DocumentId) -> None:
        self.run(self.index.publish(document))
        staged = self.of(document, staged=True)
        if not staged:
            return
        for id in self.of(document, staged=False):
            self.forget(id)
        for known in staged.values():
            known.staged = False
        self.versions[document] += 1

    @rule(document=documents, wording=wordings)
    def revise(self, document: DocumentId, wording: list[str]) -> None:
        self.stage(document, wording)
        self.finish("serving")
        self.finish("coming")
        self.publish(document)

    @rule(document=documents)
    def discard(self, document: DocumentId) -> None:
        self.run(self.index.discard(document))
        for id in self.of(document, staged=True):
            self.forget(id)

    @rule(document=documents)
    def remove(self, document: DocumentId) -> None:
        self.run(self.index.remove(document))
        for id in self.of(document):
            self.forget(id)

    @rule(which=spaces, document=documents)
    def embed(self, which: str, document: DocumentId) -> None:
        space, embedder = self.space(which)
        if space is not None:
            missing = self.run(space.without_embedding(document, limit=9))
            staged = bool(self.of(document, staged=True))
            known = self.of(document, staged=staged)
            assert {c.id for c in missing} == known.keys() - self.vectors[embedder].keys()
            self.add(space, embedder, missing)

    @rule(which=spaces, limit=st.integers(1, 4))
    def embed_newest(self, which: str, limit: int) -> None:
        space, embedder = self.space(which)
        if space is not None:
            missing = self.run(space.newest_unembedded(limit=limit))
            lacking = self.chunks.keys() - self.vectors[embedder].keys()
            assert len(missing) == min(limit, len(lacking))
            assert self.run(space.find_unembedded([*self.chunks, ChunkId("none")])) == lacking
            self.add(space, embedder, [each.chunk for each in missing])

    @rule(which=spaces)
    def finish(self, which: str) -> None:
        self.embed_newest(which, 50)

    @rule()
    def take_over(self) -> None:
        self.finish("coming")
        self.switch()

    @rule()
    def switch(self) -> None:
        whole = bool(self.coming) and self.chunks.keys() == self.vectors[self.coming].keys()
        assert self.run(self.index.switch()) == whole
        if whole:
            del self.vectors[self.serving]
            self.serving, self.coming = self.coming, ""

    @rule(embedder=st.sampled_from("abc"))
    def reopen(self, embedder: str) -> None:
        self.index.close()
        self.index = self.open(embedder)
        if self.coming and embedder != self.coming:
            del self.vectors[self.coming]
            self.coming = ""
        if embedder not in (self.serving, self.coming):
            self.coming, self.vectors[embedder] = embedder, {}
        if self.coming and not self.vectors[self.serving]:
            del self.vectors[self.serving]
            self.serving, self.coming = self.coming, ""

    @invariant()
    def each_finds_what_its_own_embedder_made(self) -> None:
        question = self.draw()
        assert (self.index.serving.embedder, self.index.coming is not None) == (
            self.serving,
            bool(self.coming),
        )
        for which in ("serving", "coming"):
            space, embedder = self.space(which)
            if space is None:
                continue
            hits = self.run(space.search_meaning(HOME, question, limit=50))
            wanted = {
                id: round(float(vector @ question), 3)
                for id, vector in self.vectors[embedder].items()
                if not self.chunks[id].staged
            }
            assert {hit.chunk: round(hit.score, 3) for hit in hits} == wanted
            lacking = self.chunks.keys() - self.vectors[embedder].keys()
            unembedded = {self.chunks[id].chunk.document for id in lacking}
            assert set(self.run(space.list_unembedded())) == unembedded

    @invariant()
    def nothing_is_left_of_others(self) -> None:
        with closing(apsw.Connection(str(self.path))) as db:
            numbers = {row[0] for row in db.execute("SELECT number FROM spaces")}
            tables = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_schema")}
        marked = {name for name in tables if name.removeprefix("embedded_").isdecimal()}
        assert marked == {f"embedded_{number}" for number in numbers}
        assert len(numbers) == len(self.vectors)
        if self.store is not None:
            self.run(self.index.sweep())
            assert len(self.store.kept) == sum(map(len, self.vectors.values()))

    def space(self, which: str) -> tuple[SqliteSpace | None, str]:
        if which == "serving":
            return self.index.serving, self.serving
        return self.index.coming, self.coming

    def add(self, space: SqliteSpace, embedder: str, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            vector = self.draw()
            self.run(space.add(HOME, chunk.document, [chunk.id], vector[None]))
            self.vectors[embedder][chunk.id] = vector

    def of(self, document: DocumentId, *, staged: bool | None = None) -> dict[ChunkId, Known]:
        return {
            id: known
            for id, known in self.chunks.items()
            if known.chunk.document == document and staged in (None, known.staged)
        }

    def forget(self, id: ChunkId) -> None:
        del self.chunks[id]
        for its in self.vectors.values():
            its.pop(id, None)

    def draw(self) -> NDArray[np.float32]:
        vector = self.chance.standard_normal(DIMENSIONS, dtype=np.float32)
        return (vector / np.linalg.norm(vector)).astype(np.float32)


class IndexElsewhereMachine(IndexMachine):
    """The same with vectors in a store of their own, of which nothing may be left behind."""

    def make_store(self) -> MemoryVectors | None:
        return MemoryVectors()


def cut(document: DocumentId, wording: list[str], version: int) -> list[Chunk]:
    return [
        Chunk(id=chunk_id(document, n, version), document=document, position=n, text=f"{word} {n}")
        for n, word in enumerate(wording)
    ]


some = settings(
    max_examples=20,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestIndex = IndexMachine.TestCase
TestIndex.settings = some
TestIndexElsewhere = IndexElsewhereMachine.TestCase
TestIndexElsewhere.settings = some
