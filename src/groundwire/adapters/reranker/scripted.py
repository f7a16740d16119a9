"""A deterministic reranker for tests: a text is as good as it has characters of the question."""

from collections.abc import Sequence

from groundwire.model.errors import GroundwireError


class ScriptedReranker:
    """Instant, no model. What it is told to ``fail`` with, it raises."""

    def __init__(self, *, fail: GroundwireError | None = None) -> None:
        self.fail = fail
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        """Every question with its texts, in order."""

    @property
    def name(self) -> str:
        return "scripted"

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        self.asked.append((query, tuple(texts)))
        if self.fail is not None:
            raise self.fail
        wanted = set(query.casefold())
        return [len(wanted & set(text.casefold())) / (len(wanted) or 1) for text in texts]
