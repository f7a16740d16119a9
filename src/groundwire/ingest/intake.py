"""All that documents go through, put together over its ports."""

from dataclasses import dataclass

from groundwire.ingest.accept import Accept
from groundwire.ingest.batches import Batches
from groundwire.ingest.control import Control
from groundwire.ingest.index import SLICE_S, Index
from groundwire.ingest.progress import Publish
from groundwire.ingest.worker import Worker
from groundwire.model.ids import NewId, Now
from groundwire.ports.blobs import Blobs
from groundwire.ports.documents import Documents
from groundwire.ports.embedder import Embedder
from groundwire.ports.job_queue import JobQueue
from groundwire.ports.parser import Parser
from groundwire.ports.passage_index import ChunkStore, VectorIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What documents are taken in with.

    ``limit_bytes`` is the most that one may have; after ``slice_s`` the embedding of one lets
    others have a turn.
    """

    documents: Documents
    blobs: Blobs
    jobs: JobQueue
    parser: Parser
    chunks: ChunkStore
    vectors: VectorIndex
    embedder: Embedder
    publish: Publish
    now: Now
    new_id: NewId
    limit_bytes: int
    slice_s: float = SLICE_S


@dataclass(frozen=True, slots=True)
class Intake:
    """``worker`` does what ``accept`` takes in and ``control`` orders."""

    accept: Accept
    control: Control
    worker: Worker

    async def resume(self) -> None:
        """Go on with what an earlier process left. To be called once, as the server starts."""
        await self.accept.jobs.release_all()
        await self.accept.resume()
        await self.worker.index.embed_again()


def open_intake(means: Means) -> Intake:
    batches = Batches(documents=means.documents, publish=means.publish)
    accept = Accept(
        documents=means.documents,
        blobs=means.blobs,
        jobs=means.jobs,
        publish=means.publish,
        batches=batches,
        now=means.now,
        new_id=means.new_id,
        limit_bytes=means.limit_bytes,
    )
    index = Index(
        documents=means.documents,
        blobs=means.blobs,
        parser=means.parser,
        chunks=means.chunks,
        vectors=means.vectors,
        embedder=means.embedder,
        jobs=means.jobs,
        publish=means.publish,
        batches=batches,
        slice_s=means.slice_s,
    )
    worker = Worker(index=index, jobs=means.jobs, name=means.new_id("worker"))
    control = Control(accept=accept, chunks=means.chunks, stop=worker.stop)
    return Intake(accept, control, worker)
