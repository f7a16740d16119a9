"""All that documents go through, put together over its ports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from groundwire.ingest.accept import Accept
from groundwire.ingest.batches import Batches
from groundwire.ingest.changeover import Changeover
from groundwire.ingest.control import Control
from groundwire.ingest.index import SLICE_S, Index
from groundwire.ingest.progress import CHANGE, CRAWL, EMBED, PARSE, SYNC, Publish
from groundwire.ingest.schedule import Schedule
from groundwire.ingest.sync import Sync
from groundwire.ingest.worker import Duty, Worker
from groundwire.model.feeds import FeedKind
from groundwire.model.ids import DocumentId, FeedId, NewId, Now
from groundwire.ports.blobs import Blobs
from groundwire.ports.connector import Connector
from groundwire.ports.documents import Documents
from groundwire.ports.feeds import Feeds
from groundwire.ports.job_queue import Job, JobQueue
from groundwire.ports.parser import Parser
from groundwire.ports.passage_index import ChunkStore
from groundwire.retrieve.meaning import Meanings

PARSING = 2
# As many documents are embedded in turns, batch by batch: a large one keeps no small one waiting.
EMBEDDING = 4
SYNCING = 2
# A site is read slowly, so one keeps its place for long, and costs little meanwhile.
CRAWLING = 8
# One batch at a time beside those of documents: what comes in has most of the embedder.
CHANGING = 1
_FAULT = "Something went wrong here while reading this file. It is in the server's log."
_CHANGE_FAULT = (
    "Something went wrong here while embedding passages anew. It is in the server's log, and "
    "tried again when the server is restarted."
)
_FEED_FAULT = "Something went wrong here while reading this place. It is in the server's log."


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What documents are taken in with.

    ``limit_bytes`` is the most that one may have; after ``slice_s`` the embedding of one lets
    others have a turn.
    """

    documents: Documents
    feeds: Feeds
    blobs: Blobs
    jobs: JobQueue
    parser: Parser
    chunks: ChunkStore
    meanings: Meanings
    publish: Publish
    now: Now
    new_id: NewId
    limit_bytes: int
    slice_s: float = SLICE_S
    connectors: Mapping[FeedKind, Connector] = field(default_factory=dict[FeedKind, Connector])


@dataclass(frozen=True, slots=True)
class Intake:
    """``worker`` does what ``accept`` takes in, ``control`` orders and ``schedule`` wants.

    ``changeover`` tells how far another embedder is.
    """

    accept: Accept
    control: Control
    index: Index
    worker: Worker
    sync: Sync
    schedule: Schedule
    changeover: Changeover

    async def resume(self) -> None:
        """Go on with what an earlier process left. To be called once, as the server starts."""
        await self.control.clear()
        await self.accept.jobs.release_all()
        await self.accept.resume()
        await self.schedule.resume()
        await self.index.embed_again()
        await self.changeover.resume()


def open_intake(means: Means) -> Intake:
    batches = Batches(documents=means.documents, publish=means.publish)
    accept = _accept(means, batches)
    # The worker's duties order what the worker does, so it is there before they are.
    worker = Worker(duties=[], jobs=means.jobs, name=means.new_id("worker"))
    control = Control(accept=accept, chunks=means.chunks, stop=worker.stop)
    sync = Sync(
        feeds=means.feeds,
        connectors=means.connectors,
        accept=accept,
        control=control,
        publish=means.publish,
        now=means.now,
        new_id=means.new_id,
    )
    index = _index(means, batches, lambda document: worker.make_room(PARSE, document))
    changeover = Changeover(
        meanings=means.meanings,
        accept=accept,
        index=index,
        publish=means.publish,
        slice_s=means.slice_s,
    )
    worker.duties = (*_duties(index, sync), _changing(changeover))
    schedule = Schedule(feeds=means.feeds, jobs=means.jobs, now=means.now)
    return Intake(accept, control, index, worker, sync, schedule, changeover)


def _duties(index: Index, sync: Sync) -> tuple[Duty, ...]:
    async def parse(job: Job) -> bool:
        return await index.parse(DocumentId(job.key))

    async def embed(job: Job) -> bool:
        return await index.embed(DocumentId(job.key))

    async def fail(job: Job) -> None:
        await index.fail(DocumentId(job.key), "internal", _FAULT)

    async def fail_feed(job: Job) -> None:
        await sync.fail(FeedId(job.key), "internal", _FEED_FAULT)

    return (
        Duty(PARSE, PARSING, parse, fail),
        Duty(EMBED, EMBEDDING, embed, fail),
        Duty(SYNC, SYNCING, sync.run, fail_feed),
        Duty(CRAWL, CRAWLING, sync.run, fail_feed),
    )


def _changing(changeover: Changeover) -> Duty:
    async def fail(_: Job) -> None:
        await changeover.wait(_CHANGE_FAULT)

    return Duty(CHANGE, CHANGING, changeover.work, fail)


def _accept(means: Means, batches: Batches) -> Accept:
    return Accept(
        documents=means.documents,
        blobs=means.blobs,
        jobs=means.jobs,
        batches=batches,
        now=means.now,
        new_id=means.new_id,
        limit_bytes=means.limit_bytes,
    )


def _index(means: Means, batches: Batches, make_room: Callable[[DocumentId], None]) -> Index:
    return Index(
        documents=means.documents,
        blobs=means.blobs,
        parser=means.parser,
        chunks=means.chunks,
        meanings=means.meanings,
        jobs=means.jobs,
        batches=batches,
        slice_s=means.slice_s,
        make_room=make_room,
    )
