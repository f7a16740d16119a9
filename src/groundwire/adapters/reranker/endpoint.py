"""A reranker behind an address."""

from collections.abc import Sequence

from groundwire.adapters.models.upstream import Timeouts, Upstream
from groundwire.adapters.reranker.pairs import score_pairs


class EndpointReranker:
    """A `Reranker` of ``model`` at ``base_url``, which is asked for ``/rerank`` below it.

    ``key`` is sent as a bearer token. An answer may take ``limit_s``.
    """

    def __init__(
        self, base_url: str, model: str, *, key: str | None = None, limit_s: float = 60.0
    ) -> None:
        base_url = base_url.rstrip("/").removesuffix("/rerank")
        timeouts = Timeouts(listing_s=limit_s)
        self._model = model
        self._upstream = Upstream(base_url, label="The reranker", timeouts=timeouts, key=key)

    @property
    def name(self) -> str:
        return f"http:{self._model}"

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        return await score_pairs(self._upstream, self._model, query, texts)

    async def aclose(self) -> None:
        await self._upstream.aclose()
