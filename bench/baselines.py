"""Searches as others do it by default, to compare with, on the same sets.

Both cut at 1,000 characters and embed with all-MiniLM-L6-v2. ``anythingllm``: the four nearest
cuts, by meaning alone; ``anythingllm, 10 entries``: the same without that limit, which is more
than it does. ``openwebui``: BM25 over words between white space and the nearest cuts, merged half
and half by reciprocal rank. An entry's title is its first line. They overlap their cuts by 20
and by 100 characters; here both do by 20.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.evalset import EvalSet
from groundwire.ports.embedder import Embedder

CUT, OVERLAP = 1_000, 20
TOP = 4
# Each list gives this many cuts; the others' defaults are 3 or 4.
DEPTH = 100
# Of BM25 as the package rank_bm25 has it, and of merging by rank as LangChain has it.
K1, B, LEAST_IDF = 1.5, 0.75, 0.25
RANK_OFFSET = 60
SEPARATORS = ("\n\n", "\n", " ", "")

Ranking = list[str]
Rankings = dict[str, dict[str, Ranking]]
Floats = NDArray[np.float64]


async def rank_as_others(evalset: EvalSet, embedder: Embedder) -> Rankings:
    """Return for each of the others each query's ranking of entries."""
    cuts: list[str] = []
    owners: list[str] = []
    for entry in evalset.corpus:
        made = cut(f"{entry.title}\n\n{entry.text}" if entry.title else entry.text)
        cuts += made
        owners += [entry.id] * len(made)
    passages = await embedder.embed(cuts, kind="passage")
    questions = await embedder.embed([query.text for query in evalset.queries], kind="query")
    words = Bm25(cuts)
    rankings: Rankings = {"anythingllm": {}, "anythingllm, 10 entries": {}, "openwebui": {}}
    for query, question in zip(evalset.queries, questions, strict=True):
        near = _best(passages @ question)
        merged = merge(near, _best(words.score(query.text)))
        rankings["anythingllm"][query.id] = _entries(owners, near[:TOP])
        rankings["anythingllm, 10 entries"][query.id] = _entries(owners, near)
        rankings["openwebui"][query.id] = _entries(owners, merged)
    return rankings


def cut(text: str, size: int = CUT, overlap: int = OVERLAP) -> list[str]:
    """Cut at the largest separator that makes the pieces small enough.

    Source: LangChain's recursive splitter by characters, which both use.
    """
    separator = next(each for each in SEPARATORS if each in text)
    finer = SEPARATORS[SEPARATORS.index(separator) + 1 :]
    pieces = [p for p in (text.split(separator) if separator else list(text)) if p]
    cuts: list[str] = []
    small: list[str] = []
    for piece in pieces:
        if len(piece) <= size or not finer:
            small.append(piece)
            continue
        cuts += _join(small, separator, size, overlap)
        small = []
        cuts += cut(piece, size, overlap)
    return cuts + _join(small, separator, size, overlap)


def _join(pieces: Sequence[str], separator: str, size: int, overlap: int) -> list[str]:
    """Join as many neighbours as fit, each cut beginning with the end of the one before."""
    kept: list[str] = []
    length = 0
    joined: list[str] = []
    for piece in pieces:
        more = len(piece) + (len(separator) if kept else 0)
        if kept and length + more > size:
            joined.append(separator.join(kept))
            while kept and (length > overlap or length + more > size):
                length -= len(kept.pop(0)) + (len(separator) if kept else 0)
            more = len(piece) + (len(separator) if kept else 0)
        kept.append(piece)
        length += more
    return [each for text in (*joined, separator.join(kept)) if (each := text.strip())]


class Bm25:
    """Over words between white space, as they are: no case, no stem, no Chinese."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(text.split()) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], np.float64)
        self._norm = K1 * (1 - B + B * lengths / lengths.mean())
        self._count = len(texts)
        self._places: dict[str, tuple[list[int], list[int]]] = {}
        for number, count in enumerate(counts):
            for word, times in count.items():
                places, frequencies = self._places.setdefault(word, ([], []))
                places.append(number)
                frequencies.append(times)
        self._weights = _idf({word: len(p) for word, (p, _) in self._places.items()}, len(texts))

    def score(self, query: str) -> Floats:
        scores = np.zeros(self._count)
        for word in query.split():
            if word in self._places:
                places, frequencies = map(np.array, self._places[word])
                share = frequencies * (K1 + 1) / (frequencies + self._norm[places])
                scores[places] += self._weights[word] * share
        return scores


def _idf(frequencies: Mapping[str, int], count: int) -> dict[str, float]:
    """Weigh words; one that more than half of the texts have counts a quarter of the mean."""
    weights = {w: float(np.log((count - n + 0.5) / (n + 0.5))) for w, n in frequencies.items()}
    least = LEAST_IDF * sum(weights.values()) / len(weights)
    return {word: weight if weight >= 0 else least for word, weight in weights.items()}


def merge(*rankings: Sequence[int]) -> list[int]:
    """Source: reciprocal rank fusion, Cormack et al. 2009, with equal weights."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, start=1):
            scores[place] = scores.get(place, 0.0) + 1 / (rank + RANK_OFFSET)
    return sorted(scores, key=lambda place: -scores[place])


def _best(scores: NDArray[np.floating]) -> list[int]:
    # BM25 of nothing is no hit, though the package that others use would return it.
    best = np.argsort(-scores, kind="stable")[:DEPTH]
    return [int(place) for place in best if scores[place] != 0]


def _entries(owners: Sequence[str], places: Iterable[int]) -> Ranking:
    return list(dict.fromkeys(owners[place] for place in places))
