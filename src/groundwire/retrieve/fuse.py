"""Two rankings, one order: how much a chunk has to do with a query. Pure.

Words and meaning are added as absolute evidence. Scaling each list between its own best and
worst, or ranks, would give a blind list the same voice as one that sees: the best of a
hundred wrong hits still has rank 1. So a cosine counts as it is, and a BM25 score as its share
of the best one, times a power of the share of the question that this best one covers. In
another language than the passages' the coverage is some 0.15 and words fall silent; and a
short query, all of whose words are somewhere, is not yet answered there.

The constants are one choice for every set that was measured; see ADR 7.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from groundwire.model.ids import ChunkId
from groundwire.ports.passage_index import Hit, WordHits

# Each index is asked for this many; deeper ones changed no measured ranking.
DEPTH = 100
# A hit of words that covers the whole question would weigh as much as this difference of
# cosines, but no hit counts as covering more than this. Those of multilingual-e5 lie between
# some 0.7 and 0.95 for any two texts.
WORDS_IN_COSINES = 0.3
COVERAGE_POWER = 2.0
MOST_COVERAGE = 0.6
LEAST_COSINE = 0.6

# The mean cosine that the embedder we measured gives for no reason.
USUAL_COSINE = 0.745
# Whether a passage has to do with the query at all is not in its cosine, which depends on the
# languages, but in how far it stands out: from what the query finds anyhow, which is the hit of
# this rank, and from passages about nothing in particular by this much more.
BACKGROUND_RANK = 50
ABOVE_UNRELATED = 0.03
# Logistic curves fitted to questions with and without an answer in their corpus, as many of the
# one as of the other: within a language, and across, where words are names and numbers. See ADR 7.
SAME_LEAD, SAME_WORDS, SAME_OFFSET = 99.8, 10.9, -7.6
OTHER_LEAD, OTHER_WORDS, OTHER_OFFSET = 121.9, 10.1, -5.1
# Without vectors, words that cover this much of the query are as good as a coin.
EVEN_COVERAGE = 0.35
COVERAGE_SLOPE = 10.0
# Nothing is surer than this.
_LEAST = 1e-9


class Near(NamedTuple):
    """The nearest chunks, and the cosines that passages have with the query for no reason.

    ``same`` is that of passages in its language, ``other`` of those in another.
    """

    hits: Sequence[Hit] = ()
    same: float = 0.0
    other: float = 0.0


class Fused(NamedTuple):
    """A chunk with its score and its relevance, both in 0...1; see `Passage`.

    ``relevance_across`` is its relevance if it is in another language than the query.
    """

    chunk: ChunkId
    score: float
    relevance: float = 0.0
    relevance_across: float = 0.0

    def relevance_of(self, share: float) -> float:
        """Return its relevance if it has this share of its words in the query's language."""
        odds = share * _log_odds(self.relevance) + (1 - share) * _log_odds(self.relevance_across)
        return _logistic(odds)


def read_cosines(hits: Sequence[Hit], background: float) -> list[Hit]:
    """Return ``hits`` with the cosines that the embedder we measured would have given.

    ``background`` is what their own embedder gives for no reason; 1 stays 1.
    """
    stretch = (1.0 - USUAL_COSINE) / (1.0 - background)
    return [Hit(hit.chunk, 1.0 - (1.0 - hit.score) * stretch) for hit in hits]


def fuse(words: WordHits, meaning: Near, unseen: Collection[ChunkId] = ()) -> list[Fused]:
    """Merge both rankings, best first; either may be empty.

    A chunk that a list of ``DEPTH`` does not have is taken to be as good there as the last that
    it has; a shorter list of words has all that there are. Of those ``unseen``, which have no
    vector yet, that would be said without looking: they are taken to mean as much as their words
    say.
    """
    by_words = _shares(words)
    least_share = min(by_words.values()) if len(by_words) >= DEPTH else 0.0
    if not meaning.hits:
        return _order([_by_words_alone(chunk, words, share) for chunk, share in by_words.items()])
    by_meaning = dict(meaning.hits)
    least_cosine, best_cosine = min(by_meaning.values()), max(by_meaning.values())
    same = _background(meaning.hits, meaning.same + ABOVE_UNRELATED)
    other = _background(meaning.hits, meaning.other + ABOVE_UNRELATED * _luck(len(meaning.hits)))
    fused: list[Fused] = []
    for chunk in dict.fromkeys((*by_meaning, *by_words)):
        share = by_words.get(chunk, least_share)
        if chunk in unseen:
            said = min(1.0, words.coverage / EVEN_COVERAGE) * share
            score = _score(least_cosine + said * (best_cosine - least_cosine), words, share)
            fused.append(_by_words_alone(chunk, words, share)._replace(score=score))
            continue
        cosine = by_meaning.get(chunk, least_cosine)
        covered = words.coverage * share
        relevance = _logistic(SAME_LEAD * (cosine - same) + SAME_WORDS * covered + SAME_OFFSET)
        across = _logistic(OTHER_LEAD * (cosine - other) + OTHER_WORDS * covered + OTHER_OFFSET)
        fused.append(Fused(chunk, _score(cosine, words, share), relevance, across))
    return _order(fused)


def _luck(count: int) -> float:
    """Return how far the best of so many comes by chance, against the best of many.

    As the largest of ``count`` draws does: of few passages the nearest is less near. Within a
    language words tell that, across nothing else does.
    """
    return math.sqrt(math.log(max(1, min(count, BACKGROUND_RANK))) / math.log(BACKGROUND_RANK))


def _background(hits: Sequence[Hit], usual: float) -> float:
    """Return the cosine that a chunk of this workspace has with the query for no reason."""
    # The one depends on how much there is, the other on nothing that is here.
    return (usual + hits[BACKGROUND_RANK - 1].score) / 2 if len(hits) >= BACKGROUND_RANK else usual


def _shares(words: WordHits) -> dict[ChunkId, float]:
    best = max((hit.score for hit in words.hits), default=0.0)
    return {hit.chunk: hit.score / best for hit in words.hits} if best > 0 else {}


def _score(cosine: float, words: WordHits, share: float) -> float:
    weight = WORDS_IN_COSINES * MOST_COVERAGE**COVERAGE_POWER
    by_words = min(1.0, words.coverage / MOST_COVERAGE) ** COVERAGE_POWER * share
    evidence = (cosine - LEAST_COSINE + weight * by_words) / (1.0 - LEAST_COSINE + weight)
    return min(1.0, max(0.0, evidence))


def _by_words_alone(chunk: ChunkId, words: WordHits, share: float) -> Fused:
    covered = words.coverage * share
    relevance = _logistic(COVERAGE_SLOPE * (covered - EVEN_COVERAGE))
    return Fused(chunk, covered, relevance, relevance)


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _log_odds(share: float) -> float:
    held = min(max(share, _LEAST), 1 - _LEAST)
    return math.log(held / (1 - held))


def _order(fused: list[Fused]) -> list[Fused]:
    return sorted(fused, key=lambda item: -item.score)
