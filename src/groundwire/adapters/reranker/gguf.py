"""A GGUF with a head for ranking, in the embedded runtime."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from groundwire.adapters.models.gguf_header import has_rank_head, read_head
from groundwire.adapters.models.upstream import Timeouts, Upstream
from groundwire.adapters.reranker.pairs import score_pairs
from groundwire.adapters.runtime.server import Runtime, RuntimeOptions
from groundwire.model.errors import InvalidField, ModelUnavailable

# The longest chunk is some 500 tokens, and a question a few dozen.
MOST_WINDOW_TOKENS = 1024
# Pairs that are read in one step; more of them were no faster on a processor.
SLOTS = 4
# Whoever is cancelled leaves no more than these to be read.
PAIRS_A_REQUEST = 8
LIMIT_S = 120.0
UNLOAD_AFTER_S = 600.0


class GgufReranker:
    """A `Reranker`; its child process starts with the first question and ends when idle.

    ``folder`` is for the child's socket and log. Raises ``InvalidField`` for a file that is no
    reranker: llama.cpp would score with what its memory happens to hold.
    """

    def __init__(
        self,
        path: Path,
        *,
        folder: Path,
        threads: int | None = None,
        unload_after_s: float | None = UNLOAD_AFTER_S,
    ) -> None:
        head = read_head(path)
        if head is None or not has_rank_head(path):
            raise InvalidField(
                "reranker",
                f"{path} is no GGUF of a reranker: it has no head to rank with. Choose a file "
                "that was converted from a cross-encoder.",
            )
        self._path = path
        window = min(head.window_tokens, MOST_WINDOW_TOKENS)
        options = RuntimeOptions(
            model=path,
            slots=SLOTS,
            window_tokens=window,
            # A pair is read in one step or not at all.
            batch_tokens=window,
            # A burst of seconds, for which a person waits.
            threads=threads or os.cpu_count() or 1,
            unload_after_s=unload_after_s,
            ranks=True,
        )
        self._runtime = Runtime(options, folder=folder)
        self._starting: asyncio.Task[ModelUnavailable | None] | None = None

    @property
    def name(self) -> str:
        return f"gguf:{self._path.name}"

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._runtime.pid

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        # Who asks may give up sooner than a large file is loaded; the next one finds it loaded.
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
        if failure := await asyncio.shield(self._starting):
            raise failure
        async with self._runtime.use() as endpoint:
            upstream = Upstream(
                "/v1",
                label=f"The reranker {self._path.name}",
                timeouts=Timeouts(listing_s=LIMIT_S),
                session=endpoint.session,
            )
            scores: list[float] = []
            for part in (
                texts[i : i + PAIRS_A_REQUEST] for i in range(0, len(texts), PAIRS_A_REQUEST)
            ):
                scores += await score_pairs(upstream, self._path.stem, query, part)
            return scores

    async def aclose(self) -> None:
        """End the child, whatever it is doing."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._runtime.aclose()

    async def _start(self) -> ModelUnavailable | None:
        """Return why there is no child: nobody may be left to raise it to."""
        try:
            async with self._runtime.use():
                return None
        except ModelUnavailable as error:
            return error
