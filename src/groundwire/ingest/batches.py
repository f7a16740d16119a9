"""How far the documents that came together are."""

import asyncio
from dataclasses import dataclass, field

from groundwire.ingest.progress import Publish
from groundwire.model.documents import Document
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

    async def tell(self, document: Document) -> None:
        """Tell how far the batch of ``document`` is: now and then, and once it is finished."""
        if document.batch is None:
            return
        found = await self.documents.list_batches(document.workspace, batch=document.batch)
        for batch in found:
            now = asyncio.get_running_loop().time()
            last = self._told_at.get(batch.id)
            if not batch.is_finished and last is not None and now - last < self.every_s:
                continue
            self._told_at[batch.id] = now
            if batch.is_finished:
                del self._told_at[batch.id]
            event = BatchProgress(
                batch_id=batch.id,
                total=batch.total,
                ready=batch.ready,
                failed=batch.failed,
                paused=batch.paused,
            )
            await self.publish(document.workspace, event)
