"""How far the documents that came together are."""

import asyncio
from dataclasses import dataclass, field

from groundwire.ingest.progress import Publish
from groundwire.model.documents import Batch, Document
from groundwire.model.ids import BatchId
from groundwire.model.workspace_events import BatchProgress
from groundwire.ports.documents import Documents

# A folder of ten thousand files shall not write ten thousand times how far it is.
EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    documents: Documents
    publish: Publish
    every_s: float = EVERY_S
    _told_at: dict[BatchId, float] = field(default_factory=dict[BatchId, float])
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tell(self, document: Document) -> None:
        """Tell how far the batch of ``document`` is: now and then, and once it is finished."""
        if document.batch is None:
            return
        if not document.is_finished and self._is_soon(document.batch):
            return  # this one cannot have finished it
        # One after the other, so that the last that is told is how far it is.
        async with self._telling:
            for batch in await self.documents.list_batches(
                document.workspace, batch=document.batch
            ):
                if batch.is_finished or not self._is_soon(batch.id):
                    await self._tell(batch)

    async def _tell(self, batch: Batch) -> None:
        if batch.is_finished:
            self._told_at.pop(batch.id, None)
        else:
            self._told_at[batch.id] = asyncio.get_running_loop().time()
        event = BatchProgress(
            batch_id=batch.id,
            total=batch.total,
            ready=batch.ready,
            failed=batch.failed,
            paused=batch.paused,
        )
        await self.publish(batch.workspace, event)

    def _is_soon(self, batch: BatchId) -> bool:
        """Say whether it was told just now."""
        last = self._told_at.get(batch)
        return last is not None and asyncio.get_running_loop().time() - last < self.every_s
