"""Two rankings, one order: how much a chunk has to do with a query. Pure.

Words and meaning are added as absolute evidence. Scaling each list between its own best and
worst, or ranks, would give a blind list the same voice as one that sees: the best of a
hundred wrong hits still has rank 1. So a cosine counts as it is, and a BM25 score as its share
of the best one, times a power of the share of the question that this best one covers. In
another language than the passages' the coverage is some 0.15 and words fall silent.

The constants are one choice for every set that `bench.retrieval_quality` measured; see ADR 7.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from groundwire.model.ids import ChunkId
from groundwire.ports.passage_index import Hit, WordHits

# A hit of words that covers the whole question weighs as much as this difference of cosines.
# Those of multilingual-e5 lie between some 0.7 and 0.95 for any two texts.
WORDS_IN_COSINES = 0.2
COVERAGE_POWER = 2.0
LEAST_COSINE = 0.6

# The evidence that separates questions whose answer is there from others: a logistic curve
# over the cosine and the words of a passage.
COSINE_SLOPE = 30.0
WORDS_SLOPE = 6.0
EVEN_COSINE = 0.86
EVEN_COVERAGE = 0.35


class Fused(NamedTuple):
    """A chunk with its score and its relevance, both in 0...1; see `Passage`."""

    chunk: ChunkId
    score: float
    relevance: float


def fuse(words: WordHits, meaning: Sequence[Hit]) -> list[Fused]:
    """Merge both rankings, best first; either may be empty.

    A chunk that one list does not have is taken to be as good there as the last that it has.
    """
    by_words = _shares(words)
    least_share = min(by_words.values(), default=0.0) if words.hits else 0.0
    if not meaning:
        return _order([_by_words_alone(chunk, words, share) for chunk, share in by_words.items()])
    by_meaning = dict(meaning)
    least_cosine = min(by_meaning.values())
    chunks = dict.fromkeys((*by_meaning, *by_words))
    return _order(
        [
            _weigh(
                chunk,
                by_meaning.get(chunk, least_cosine),
                words.coverage,
                by_words.get(chunk, least_share),
            )
            for chunk in chunks
        ]
    )


def _shares(words: WordHits) -> dict[ChunkId, float]:
    best = max((hit.score for hit in words.hits), default=0.0)
    return {hit.chunk: hit.score / best for hit in words.hits} if best > 0 else {}


def _weigh(chunk: ChunkId, cosine: float, coverage: float, share: float) -> Fused:
    evidence = cosine - LEAST_COSINE + WORDS_IN_COSINES * coverage**COVERAGE_POWER * share
    most = 1.0 - LEAST_COSINE + WORDS_IN_COSINES
    logit = COSINE_SLOPE * (cosine - EVEN_COSINE) + WORDS_SLOPE * coverage * share
    return Fused(chunk, min(1.0, max(0.0, evidence / most)), _logistic(logit))


def _by_words_alone(chunk: ChunkId, words: WordHits, share: float) -> Fused:
    covered = words.coverage * share
    return Fused(chunk, covered, _logistic(2 * WORDS_SLOPE * (covered - EVEN_COVERAGE)))


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _order(fused: list[Fused]) -> list[Fused]:
    return sorted(fused, key=lambda item: -item.score)
