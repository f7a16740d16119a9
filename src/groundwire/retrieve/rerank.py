"""The best of the fused passages, put in order by a model that reads each with the question."""

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from groundwire.model.errors import GroundwireError
from groundwire.model.passages import Passage, in_place
from groundwire.ports.reranker import Reranker

logger = logging.getLogger(__name__)

# What holds the answer is among these in nearly all searches, and each costs a reading. See ADR 21.
RERANKED = 20
# A question that is a pasted page leaves no room for the passages.
MOST_CHARACTERS = 500


class Ordered(NamedTuple):
    """``why`` is a sentence for people when the order is the one that was given."""

    passages: list[Passage]
    why: str | None = None


@dataclass(slots=True)
class Reranking:
    """A reranker, and how long it is waited for.

    One that was not done in time is left alone for ``rest_s``: who asks meanwhile does not wait
    for it as well.
    """

    reranker: Reranker
    patience_s: float = 10.0
    rest_s: float = 30.0
    _rests_until: float = 0.0

    async def order(self, query: str, passages: Sequence[Passage]) -> Ordered:
        """Return ``passages`` by what the reranker says of them, best first.

        Their relevance stays what words and meaning made it: what a model's scores are worth from
        one question to the next, nobody measured for every model there is.
        """
        if len(passages) < 2:
            return Ordered(list(passages))
        time = asyncio.get_running_loop().time
        late = f"The reranker was not done within {self.patience_s:g} s."
        if time() < self._rests_until:
            return Ordered(list(passages), late)
        try:
            async with asyncio.timeout(self.patience_s):
                texts = [_text(passage) for passage in passages]
                scores = await self.reranker.rerank(query[:MOST_CHARACTERS], texts)
        except GroundwireError as error:
            return Ordered(list(passages), error.message)
        except TimeoutError:
            self._rests_until = time() + self.rest_s
            return Ordered(list(passages), late)
        except Exception:
            logger.exception("a reranker failed")
            return Ordered(list(passages), "The reranker failed; the server's log says why.")
        # By what the model said: far from zero its scores are one and the same in 0…1.
        order = sorted(range(len(scores)), key=lambda n: -scores[n])
        shown = in_unit(scores)
        return Ordered([msgspec.structs.replace(passages[n], score=shown[n]) for n in order])


def in_unit(scores: Sequence[float]) -> list[float]:
    """Return ``scores`` within 0…1, in the same order: models give shares of one, or logits."""
    if all(0 <= score <= 1 for score in scores):
        return list(scores)
    return [_logistic(score) for score in scores]


def _logistic(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(x / 2))


def _text(passage: Passage) -> str:
    return in_place(passage.text, passage.title, passage.headings, passage.part)
