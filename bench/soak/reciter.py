"""The model: an OpenAI-compatible endpoint that takes its time until the faults have struck."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field

from bench.model import serve_model
from bench.soak.plan import Question, recite

MODEL = "reciter"
PACE_S = 0.004
PATIENCE_S = 60.0
"""A model that waits for faults longer than that says the rest all the same."""


@dataclass(slots=True)
class Progress:
    """How many of the faults of a round have struck."""

    of: int
    struck: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def advance(self) -> None:
        async with self._changed:
            self.struck += 1
            self._changed.notify_all()

    async def reach(self, share: float) -> None:
        """Return once that share of them, rounded down, has struck."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.struck >= int(share * self.of))


@dataclass(slots=True)
class Reciter:
    """``attempts`` counts how often each question reached the model."""

    seed: int
    attempts: Counter[str] = field(default_factory=Counter[str])
    _due: dict[str, tuple[Question, Progress]] = field(
        default_factory=dict[str, tuple[Question, Progress]]
    )

    def expect(self, question: Question, progress: Progress) -> None:
        self._due[question.key] = (question, progress)

    def serve(self) -> AbstractAsyncContextManager[str]:
        """Yield the base URL."""
        return serve_model(MODEL, self._recite)

    async def _recite(self, content: str) -> AsyncGenerator[str]:
        question, progress = self._due[content.split(" ")[0]]
        attempt = self.attempts[question.key]
        self.attempts[question.key] += 1
        deltas = recite(self.seed, question.key, question.words, attempt)
        for n, delta in enumerate(deltas, start=1):
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await progress.reach(n / len(deltas))
            yield delta
            await asyncio.sleep(PACE_S)
