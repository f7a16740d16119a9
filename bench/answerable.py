"""Asks questions that the documents answer and questions that they do not.

    python -m bench.answerable --sets DIR [--each 150] [--save]

The sets are laid into workspaces of the whole application, up to 240 entries of each, and the
questions asked as anybody asks them. A scripted model that knows the answers cites the passages
that hold one, and none else: so what is measured is whether retrieval brought it a passage to
cite, and whether the relevance floor told it, when there is none, that nothing was found.

Half of the questions are English, half Chinese, and of each kind so many in each language:
``answered`` have an answer in the workspace; ``other_subject`` are questions of one set to the
documents of another; ``left_out`` are about the workspace's subject, but what answers them was not
put in. What is chosen depends on the sets alone.
"""

import argparse
import asyncio
import json
import tempfile
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from bench.evalset import Entry, EvalSet, Query, chunk_entry, find_sets, read_set
from bench.vectors import RememberingEmbedder
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.app import Asking
from groundwire.bootstrap import Groundwire, open_groundwire
from groundwire.conversation.follow import follow
from groundwire.cut.chunk import embedding_text
from groundwire.model.access import Identity
from groundwire.model.documents import Document
from groundwire.model.events import Citation, Done, Sources, decode_conversation_event
from groundwire.model.ids import DocumentId, LogId, WorkspaceId, conversation_log
from groundwire.model.sources import Source
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, ModelInfo
from groundwire.retrieve.language import is_chinese
from groundwire.settings import Settings

RESULTS = Path(__file__).parent / "results" / "answerable.json"
ENTRIES = 240
Kind = Literal["answered", "other_subject", "left_out"]
KINDS: tuple[Kind, ...] = ("answered", "other_subject", "left_out")
BINS = 5


class Asked(NamedTuple):
    kind: Kind
    language: Literal["en", "zh"]
    question: Query
    of: str
    among: str
    """The set whose documents it is asked of."""
    holders: frozenset[DocumentId]


class Outcome(msgspec.Struct, frozen=True):
    """``found``: something was relevant. ``held``: a passage among it holds the answer.

    ``cited``: each citation points at one that does, and there is one.
    """

    asked: Asked
    relevance: float
    found: bool
    held: bool
    cited: bool


class Judge:
    """A model that cites each passage that holds the answer, and says nothing else."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.info = ModelInfo(
            name="judge",
            provider="scripted",
            window_tokens=32_768,
            grounded=True,
            languages=("en", "zh"),
        )

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        assert self.asked is not None
        for n, passage in enumerate(request.passages, start=1):
            if holds(self.asked, passage.document, passage.text):
                yield Delta(content=f"It is said here. [{n}] ")
        yield Finish(reason="stop")


def holds(asked: Asked, document: DocumentId, text: str) -> bool:
    """Tell whether a passage answers: by one of the answers where the set names them."""
    if document not in asked.holders:
        return False
    answers, plain = asked.question.answers, "".join(text.split())
    return not answers or any("".join(answer.split()) in plain for answer in answers)


def choose(sets: Sequence[EvalSet], each: int) -> list[Asked]:
    """Choose ``each`` questions of each kind and language, as evenly from the sets as they go."""
    chosen: list[Asked] = []
    for kind in KINDS:
        for language in ("en", "zh"):
            sources = list(_candidates(sets, kind, language))
            turns = (asked for row in zip_longest(*sources) for asked in row if asked)
            chosen += list(turns)[:each]
    return chosen


def _candidates(
    sets: Sequence[EvalSet], kind: Kind, language: Literal["en", "zh"]
) -> Iterator[list[Asked]]:
    """Yield for each set, or pair of sets, the questions that it has of a kind."""
    for of in sets:
        out = left_out(of)
        queries = [
            query
            for query in of.queries
            if is_chinese(query.text) == (language == "zh")
            and _fits(kind, of.relevant[query.id].keys(), out)
        ]
        for among in sets:
            if (of is among) != (kind == "other_subject"):
                yield [_asked(kind, language, query, of, among) for query in queries]


def left_out(evalset: EvalSet) -> frozenset[str]:
    """Return every third of the entries that answer something: these are not put in."""
    return frozenset([entry.id for entry in _answering(evalset)][::3])


def _answering(evalset: EvalSet) -> list[Entry]:
    answers = {id for grades in evalset.relevant.values() for id in grades}
    return [entry for entry in evalset.corpus if entry.id in answers]


def _fits(kind: Kind, answers: Collection[str], out: frozenset[str]) -> bool:
    return out.issuperset(answers) if kind == "left_out" else out.isdisjoint(answers)


def _asked(
    kind: Kind, language: Literal["en", "zh"], query: Query, of: EvalSet, among: EvalSet
) -> Asked:
    holders = frozenset(DocumentId(f"{of.name}-{entry}") for entry in of.relevant[query.id])
    return Asked(kind, language, query, of.name, among.name, holders)


def entries_of(evalset: EvalSet, chosen: Sequence[Asked]) -> list[Entry]:
    """Return what is put in: what is asked for first, of what answers any question of the set."""
    needed = {id for asked in chosen if asked.kind == "answered" for id in asked.holders}
    out = left_out(evalset)
    entries = [entry for entry in _answering(evalset) if entry.id not in out]
    entries.sort(key=lambda entry: DocumentId(f"{evalset.name}-{entry.id}") not in needed)
    return entries[:ENTRIES]


class Asker:
    """The application with a workspace for each set."""

    def __init__(
        self,
        groundwire: Groundwire,
        identity: Identity,
        judge: Judge,
        workspaces: dict[str, WorkspaceId],
    ) -> None:
        self._assistant = groundwire.assistant
        self._identity = identity
        self._judge = judge
        self._workspaces = workspaces
        self._count = 0

    async def ask(self, asked: Asked) -> Outcome:
        self._judge.asked = asked
        self._count += 1
        workspace = self._workspaces[asked.among]
        asking = Asking(f"s{self._count}", asked.question.text, workspace=workspace, model="judge")
        conversation, _ = await self._assistant.ask(self._identity, asking)
        sources, cited = await self._answer(conversation_log(conversation.id))
        holding = {source.id for source in sources if holds(asked, source.document_id, source.text)}
        found = await self._assistant.library.search.search(
            workspace, asked.question.text, limit=len(sources) or 1
        )
        return Outcome(
            asked=asked,
            relevance=found.relevance,
            found=bool(sources),
            held=bool(holding),
            cited=bool(cited) and set(cited) <= holding,
        )

    async def _answer(self, log: LogId) -> tuple[Sequence[Source], list[str]]:
        sources: Sequence[Source] = ()
        cited: list[str] = []
        async with aclosing(follow(self._assistant.log, log, after=0)) as batches:
            async for batch in batches:
                for recorded in batch:
                    event = decode_conversation_event(recorded.data)
                    if isinstance(event, Sources):
                        sources = event.items
                    elif isinstance(event, Citation):
                        cited.append(event.source_id)
                    elif isinstance(event, Done):
                        return sources, cited
        raise AssertionError("a log is followed for ever")


@asynccontextmanager
async def open_asker(
    data: Path, embedder: RememberingEmbedder, sets: Sequence[EvalSet], chosen: Sequence[Asked]
) -> AsyncGenerator[Asker]:
    """Lay the sets into a data folder, then open the application on it."""
    settings = Settings(data=data, model="judge", ollama_url="http://127.0.0.1:9", limits="off")
    workspaces: dict[str, WorkspaceId] = {}
    judge = Judge()
    async with open_groundwire(settings, embedder=embedder) as groundwire:
        identity = await _owner(groundwire)
        for evalset in sets:
            made = await groundwire.assistant.library.create_workspace(identity, evalset.name)
            workspaces[evalset.name] = made.id
            for entry in entries_of(evalset, chosen):
                document = _document(evalset, entry, made.id)
                await groundwire.assistant.library.documents.add(document)
    index = SqliteIndex(data / "index.db", embedder=embedder.name)
    try:
        for evalset in sets:
            await _index(index, embedder, evalset, chosen, workspaces[evalset.name])
    finally:
        index.close()
    async with open_groundwire(settings, embedder=embedder, models=[judge]) as groundwire:
        yield Asker(groundwire, await _owner(groundwire), judge, workspaces)


async def _owner(groundwire: Groundwire) -> Identity:
    owner = await groundwire.authenticator.owner()
    key = await groundwire.authenticator.issue_key(owner, "bench", "owner")
    return await groundwire.authenticator.identify(key)


async def _index(
    index: SqliteIndex,
    embedder: RememberingEmbedder,
    evalset: EvalSet,
    chosen: Sequence[Asked],
    workspace: WorkspaceId,
) -> None:
    for entry in entries_of(evalset, chosen):
        document = DocumentId(f"{evalset.name}-{entry.id}")
        chunks = chunk_entry(msgspec.structs.replace(entry, id=document))
        await index.replace(workspace, document, chunks, title=entry.title)
        texts = [embedding_text(chunk, entry.title) for chunk in chunks]
        vectors = await embedder.embed(texts, kind="passage")
        await index.serving.add(workspace, document, [chunk.id for chunk in chunks], vectors)


def _document(evalset: EvalSet, entry: Entry, workspace: WorkspaceId) -> Document:
    id = DocumentId(f"{evalset.name}-{entry.id}")
    return Document(
        id=id,
        workspace=workspace,
        title=entry.title or entry.id,
        media_type="text/plain",
        size_bytes=len(entry.text),
        digest=id,
        created_at=datetime.now(UTC),
        status="ready",
        searchable="meaning",
    )


Shares = dict[str, float]


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Shares]:
    """Count by kind, by language, and by what was asked of what."""
    rows: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        asked = one.asked
        rows[asked.kind].append(one)
        rows[f"{asked.kind} {asked.language}"].append(one)
        rows[f"{asked.kind} {asked.language} {asked.of} > {asked.among}"].append(one)
    return {name: _shares(rows[name]) for name in sorted(rows)}


def _shares(outcomes: Sequence[Outcome]) -> Shares:
    count = len(outcomes)
    if outcomes[0].asked.kind == "answered":
        return {
            "questions": count,
            "cited_right": round(sum(one.cited for one in outcomes) / count, 3),
            "passage_found": round(sum(one.held for one in outcomes) / count, 3),
            "above_floor": round(sum(one.found for one in outcomes) / count, 3),
        }
    return {
        "questions": count,
        "recognised": round(sum(not one.found for one in outcomes) / count, 3),
    }


def reliability(outcomes: Sequence[Outcome]) -> list[Shares]:
    """Tell of the main mix how often there was an answer, by what the relevance said."""
    mix = [one for one in outcomes if one.asked.kind != "left_out"]
    bins: list[Shares] = []
    for n in range(BINS):
        within = [one for one in mix if min(BINS - 1, int(one.relevance * BINS)) == n]
        if within:
            mean = sum(one.relevance for one in within) / len(within)
            answered = sum(one.asked.kind == "answered" for one in within) / len(within)
            bins.append(
                {
                    "questions": len(within),
                    "relevance": round(mean, 3),
                    "answered": round(answered, 3),
                }
            )
    return bins


async def run(folders: Sequence[Path], each: int) -> dict[str, object]:
    sets = [read_set(folder, sample=None) for folder in folders]
    chosen = choose(sets, each)
    local = LocalEmbedder(timeout_s=600)
    embedder = RememberingEmbedder(local)
    try:
        with tempfile.TemporaryDirectory() as data:
            async with open_asker(Path(data), embedder, sets, chosen) as asker:
                outcomes = [await asker.ask(asked) for asked in chosen]
    finally:
        embedder.close()
        await local.aclose()
    return {"questions": summarise(outcomes), "reliability": reliability(outcomes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sets", type=Path, required=True, help="a folder of sets")
    parser.add_argument("--each", type=int, default=150, help="questions of a kind and language")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    report = asyncio.run(run(find_sets(options.sets), options.each))
    text = json.dumps(report, indent=2)
    if options.save:
        RESULTS.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
