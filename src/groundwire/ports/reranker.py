from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Reads a question and passages together, and says how well each answers it."""

    @property
    def name(self) -> str:
        """What the settings call it."""
        ...

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Return one finite score per text, in order; higher is better.

        Scores are comparable within one call alone: their range is the model's own. A pair that
        is longer than the model's window is cut. Who is cancelled is not worked for any more.
        Raises ``ModelUnavailable`` and ``UpstreamTimeout``.
        """
        ...
