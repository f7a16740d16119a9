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
WORDS_IN_COSINES = 0.3
COVERAGE_POWER = 2.0
LEAST_COSINE = 0.6

# Whether a passage has to do with the query at all is not in its cosine, which depends on the
# languages, but in how far it stands out from what any query finds: the hit of this rank.
BACKGROUND_RANK = 50
# A workspace that has fewer chunks shows no background of its own.
BACKGROUND_COSINE = 0.745
# A logistic curve chosen on questions with and without an answer in their corpus; see ADR 7.
LEAD_SLOPE = 63.0
WORDS_SLOPE = 5.0
OFFSET = -3.5
# Without vectors, words that cover this much of the query are as good as a coin.
EVEN_COVERAGE = 0.35
COVERAGE_SLOPE = 10.0


class Fused(NamedTuple):
    """A chunk with its score and its relevance, both in 0...1; see `Passage`."""

    chunk: ChunkId
    score: float
    relevance: float


def read_cosines(hits: Sequence[Hit], background: float) -> list[Hit]:
    """Return ``hits`` with the cosines that the embedder we measured would have given.

    ``background`` is what their own embedder gives for no reason; 1 stays 1.
    """
    stretch = (1.0 - BACKGROUND_COSINE) / (1.0 - background)
    return [Hit(hit.chunk, 1.0 - (1.0 - hit.score) * stretch) for hit in hits]


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
    background = _background(meaning)
    fused: list[Fused] = []
    for chunk in dict.fromkeys((*by_meaning, *by_words)):
        cosine = by_meaning.get(chunk, least_cosine)
        share = by_words.get(chunk, least_share)
        relevance = _relevance(cosine - background, words.coverage * share)
        fused.append(Fused(chunk, _score(cosine, words.coverage, share), relevance))
    return _order(fused)


def _background(meaning: Sequence[Hit]) -> float:
    """Return the cosine that a chunk of this workspace has with the query for no reason."""
    seen = min(len(meaning), BACKGROUND_RANK) / BACKGROUND_RANK
    last = meaning[:BACKGROUND_RANK][-1].score
    return seen * last + (1 - seen) * BACKGROUND_COSINE


def _shares(words: WordHits) -> dict[ChunkId, float]:
    best = max((hit.score for hit in words.hits), default=0.0)
    return {hit.chunk: hit.score / best for hit in words.hits} if best > 0 else {}


def _score(cosine: float, coverage: float, share: float) -> float:
    evidence = cosine - LEAST_COSINE + WORDS_IN_COSINES * coverage**COVERAGE_POWER * share
    most = 1.0 - LEAST_COSINE + WORDS_IN_COSINES
    return min(1.0, max(0.0, evidence / most))


def _relevance(lead: float, covered: float) -> float:
    return _logistic(LEAD_SLOPE * lead + WORDS_SLOPE * covered + OFFSET)


def _by_words_alone(chunk: ChunkId, words: WordHits, share: float) -> Fused:
    covered = words.coverage * share
    return Fused(chunk, covered, _logistic(COVERAGE_SLOPE * (covered - EVEN_COVERAGE)))


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _order(fused: list[Fused]) -> list[Fused]:
    return sorted(fused, key=lambda item: -item.score)
