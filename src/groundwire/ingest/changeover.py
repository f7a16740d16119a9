"""Another embedder takes over: everything is embedded anew, and then it serves, in one step."""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from groundwire.cut.chunk import embedding_text
from groundwire.ingest.accept import Accept
from groundwire.ingest.index import BATCH, Index
from groundwire.ingest.progress import CHANGE, Publish
from groundwire.model.errors import Unavailable
from groundwire.model.ids import WorkspaceId
from groundwire.model.workspace_events import EmbedderChanged, EmbedderChanging
from groundwire.ports.job_queue import Job
from groundwire.ports.passage_index import Count
from groundwire.retrieve.meaning import Meaning, Meanings

# To count how far it is takes a tenth of a second with a million passages.
EVERY_S = 2.0
# A workspace is told so many times how far it is, however large it is.
REPORTS = 50


class Coming(NamedTuple):
    """The embedder that is to serve, how far it is, and what it waits for, if it does."""

    embedder: str
    done: int
    total: int
    reason: str | None


class Change(NamedTuple):
    """What serves, why the last question got no answer from it, if so, and what is coming."""

    serving: str
    reason: str | None
    coming: Coming | None


@dataclass(slots=True, kw_only=True)
class Changeover:
    """What is embedded is kept with each batch, so that it goes on where a process died.

    ``reason`` says what it waits for. Documents that come meanwhile are embedded for what serves
    first, as at any other time, and then here before the older ones.
    """

    meanings: Meanings
    accept: Accept
    index: Index
    publish: Publish
    slice_s: float
    every_s: float = EVERY_S
    reason: str | None = None
    _told: dict[WorkspaceId, Count] = field(default_factory=dict[WorkspaceId, Count])
    _told_at: float = 0.0

    async def resume(self) -> None:
        """Give the work its job. To be called once, as the server starts."""
        coming = self.meanings.coming
        if coming is not None:
            await self.accept.jobs.enqueue(CHANGE, coming.embedder.name)

    async def describe(self, workspace: WorkspaceId) -> Change:
        """Return how it is with the passages of a workspace."""
        serving, coming, told = self.meanings.serving, self.meanings.coming, None
        if coming is not None:
            counts = await coming.space.count()
            done, total = counts.get(workspace, Count(0, 0))
            told = Coming(coming.embedder.name, done, total, self.reason)
        return Change(serving.embedder.name, self.meanings.why, told)

    async def work(self, _: Job) -> bool:
        """Embed for ``slice_s`` what has no vector yet; if nothing is left, let it serve.

        ``False`` if there is more to do. A job that finds nothing coming is the last word of one
        that ended with its process, or whose embedder is not wanted any more.
        """
        coming = self.meanings.coming
        if coming is not None:
            try:
                await self._tell(coming)
                if not await self._embed(coming) or not await self.meanings.switch():
                    return False
            except Unavailable as error:
                await self.wait(f"{error.message} This is tried again by itself.")
                raise
            await self._after_switch()
        await self._tell_changed()
        return True

    async def wait(self, reason: str) -> None:
        """Tell everyone why it does not go on."""
        coming = self.meanings.coming
        if coming is not None and self.reason != reason:
            self.reason = reason
            await self._tell(coming, everyone=True)

    async def _embed(self, coming: Meaning) -> bool:
        time = asyncio.get_running_loop().time
        until = time() + self.slice_s
        while batch := await coming.space.newest_unembedded(limit=BATCH):
            texts = [embedding_text(each.chunk, each.title) for each in batch]
            for workspace in {each.workspace for each in batch}:
                mine = [n for n, each in enumerate(batch) if each.workspace == workspace]
                await coming.add(
                    workspace, [batch[n].chunk for n in mine], [texts[n] for n in mine]
                )
            self.reason = None
            if time() >= self._told_at + self.every_s:
                await self._tell(coming)
            if time() >= until:
                return False
        return True

    async def _after_switch(self) -> None:
        """See to the documents that waited for the embedder of before."""
        self.reason = None
        await self.index.embed_again()
        await self.accept.resume()

    async def _tell(self, coming: Meaning, *, everyone: bool = False) -> None:
        """Tell each workspace how far it is, if it is further than when it was told last."""
        self._told_at = asyncio.get_running_loop().time()
        for workspace, now in (await coming.space.count()).items():
            told = self._told.get(workspace)
            if told is not None and not everyone and not _is_news(told, now):
                continue
            self._told[workspace] = now
            event = EmbedderChanging(
                embedder=coming.embedder.name, done=now.done, total=now.total, reason=self.reason
            )
            await self.publish(workspace, event)

    async def _tell_changed(self) -> None:
        serving = self.meanings.serving
        for workspace in await serving.space.count():
            await self.publish(workspace, EmbedderChanged(embedder=serving.embedder.name))
        self._told.clear()


def _is_news(told: Count, now: Count) -> bool:
    step = max(1, now.total // REPORTS)
    return abs(now.done - told.done) >= step or (now.done == now.total and now != told)
