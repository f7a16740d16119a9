"""``POST /rerank``, as llama.cpp, Jina, Cohere, vLLM and others have it: asked and understood."""

import math
from collections.abc import Sequence

import msgspec

from groundwire.adapters.models.upstream import Upstream
from groundwire.model.errors import ContextOverflow

# A pair that is too long for a model's window is shortened step by step, and not below this.
SHORTEST_CUT = 60
KEPT_OF_A_CUT = 0.7


class _Ask(msgspec.Struct):
    model: str
    query: str
    documents: Sequence[str]


class _Pair(msgspec.Struct):
    index: int
    relevance_score: float | None = None
    score: float | None = None


class _Answer(msgspec.Struct):
    results: list[_Pair]


async def score_pairs(
    upstream: Upstream, model: str, query: str, texts: Sequence[str]
) -> Sequence[float]:
    """Return the score of each text, in order; see `Reranker.rerank`."""
    if not texts:
        return ()
    # JSON refuses half of a pair of surrogates, and endpoints a text without any character.
    sent = [_sendable(text) for text in texts]
    return await _ask(upstream, _Ask(model, _sendable(query), sent))


async def _ask(upstream: Upstream, ask: _Ask) -> Sequence[float]:
    try:
        answer = await upstream.post("/rerank", msgspec.json.encode(ask), msgspec.Raw)
    except ContextOverflow:
        longest = max(len(ask.query), *map(len, ask.documents))
        if longest <= SHORTEST_CUT:
            raise
        kept = int(longest * KEPT_OF_A_CUT)
        cut = [text[:kept] for text in ask.documents]
        return await _ask(upstream, _Ask(ask.model, ask.query[:kept], cut))
    scores = _read(bytes(answer))
    if scores is None or sorted(scores) != list(range(len(ask.documents))):
        raise upstream.unintelligible()
    return [scores[index] for index in range(len(ask.documents))]


def _read(answer: bytes) -> dict[int, float] | None:
    """Return the scores by the index of their text; some endpoints send the list alone."""
    try:
        read: _Answer | list[_Pair] = msgspec.json.decode(answer, type=_Answer | list[_Pair])
    except msgspec.MsgspecError:
        return None
    pairs = read.results if isinstance(read, _Answer) else read
    scores: dict[int, float] = {}
    for pair in pairs:
        score = pair.relevance_score if pair.relevance_score is not None else pair.score
        if score is None or not math.isfinite(score) or pair.index in scores:
            return None
        scores[pair.index] = score
    return scores


def _sendable(text: str) -> str:
    return text.encode(errors="replace").decode().strip() or "-"
