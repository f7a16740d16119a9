"""The answer without a model: the best sentences of the best passages, quoted and cited."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from groundwire.adapters.models.evidence import Evidence, find_evidence, seen_share
from groundwire.adapters.models.terms import has_wide
from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.model.errors import GroundwireError
from groundwire.model.passages import Passage
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, Language, ModelInfo
from groundwire.ports.embedder import Embedder

QUOTES = 3
# A second quotation must be nearly as good as the first, or it only distracts.
GOOD_ENOUGH = 0.8
# The share of the question's terms that its best passage has was 0.5 and more for 40 questions
# about two manuals, and at most 0.34 for ten about something else.
UNANSWERED = 0.34
HARDLY_ANSWERED = 0.5
# A short question may call things by other words, which its meaning tells: "退货期限是几天" shares
# a quarter of its terms with the sentence that answers it, and finds it at 0.9. Questions about
# something else that shared as much found nothing above 0.05.
RELEVANT = 0.6
COMPARED = 16
# Words decide alone where a sentence has this much of the question. On 40 questions about two
# manuals meaning beside words was right 35 times and words alone 36, a second sooner; meaning is
# for a question in another language than the documents.
SURE = 0.34
MEANING_WEIGHT = 0.5

_LEAD: dict[Language, str] = {"en": "From your documents:\n\n", "zh": "文档中写道：\n\n"}
_HEDGE: dict[Language, str] = {
    "en": "The documents do not answer this in so many words. The closest they come:\n\n",
    "zh": "文档没有直接回答这个问题，最接近的内容是：\n\n",
}
_NOTHING: dict[Language, str] = {
    "en": "Nothing in the documents answers this.",
    "zh": "文档中没有能回答这个问题的内容。",
}
_PART_NOTHING: dict[Language, str] = {
    "en": "Nothing in the documents answers “{part}”.",
    "zh": "文档中没有能回答“{part}”的内容。",
}
_NO_MODEL: dict[Language, str] = {
    "en": "There are no documents here to quote from, and no capable language model is "
    "installed. Upload a document and ask again, or get a model: run `groundwire model pull`, "
    "start Ollama, or set `GROUNDWIRE_OPENAI_BASE_URL` to an endpoint you use.",
    "zh": "这里还没有可供引用的文档，也没有安装足够强的语言模型。请上传文档后再提问，"
    "或者添加一个模型：运行 `groundwire model pull`，启动 Ollama，"
    "或将 `GROUNDWIRE_OPENAI_BASE_URL` 设为您使用的接口。",
}
_WORDISH = re.compile(r"[\u3000-\u9fff\uff00-\uffef]{1,4}|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+")
_MARKER = re.compile(r"\[(\s*\^?\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*\s*)\]")


class ExtractiveModel:
    """Quotes, and never says anything of its own.

    With an ``embedder`` sentences are compared to the question by meaning as well, at most
    ``COMPARED`` of them, where words find next to nothing; when it fails or takes longer than
    ``embed_limit_s``, the words decide alone.
    """

    def __init__(self, *, embedder: Embedder | None = None, embed_limit_s: float = 0.5) -> None:
        self._embedder = embedder
        self._embed_limit_s = embed_limit_s

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(
            name="extractive",
            provider="extractive",
            window_tokens=32_768,
            grounded=True,
            languages=("en", "zh"),
        )

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        for piece in _WORDISH.findall(await self.answer(request)):
            yield Delta(content=piece)
            # Lets a reader, or a cancel, in between.
            await asyncio.sleep(0)
        yield Finish(reason="stop")

    async def answer(self, request: ChatRequest) -> str:
        """Return the whole answer at once; each part of the question has its quotations."""
        if not request.passages:
            return _NO_MODEL[request.language]
        parts = request.parts or (request.question,)
        seen = [seen_by_words(part, request.passages) for part in parts]
        relevant = max(passage.relevance for passage in request.passages) >= RELEVANT
        answered = [share >= UNANSWERED or (share > 0 and relevant) for share in seen]
        quoted: list[Evidence] = []
        for part, is_answered in zip(parts, answered, strict=True):
            if is_answered:
                quoted += await self._evidence(part, request.passages, without=quoted)
        if not quoted:
            return _NOTHING[request.language]
        lead = _HEDGE if max(seen) <= HARDLY_ANSWERED else _LEAD
        unanswered = [
            _PART_NOTHING[request.language].format(part=_escaped(part))
            for part, is_answered in zip(parts, answered, strict=True)
            if not is_answered
        ]
        return lead[request.language] + "\n\n".join([*map(quote, quoted), *unanswered])

    async def _evidence(
        self, question: str, passages: Sequence[Passage], *, without: Sequence[Evidence]
    ) -> list[Evidence]:
        found = find_evidence(question, passages)
        chosen = choose(await self._by_meaning(question, found))
        return [each for each in chosen if not any(_repeats(each, other) for other in without)]

    async def _by_meaning(self, question: str, found: Sequence[Evidence]) -> list[Evidence]:
        best = list(found[:COMPARED])
        if self._embedder is None or len(best) < 2 or best[0].covers >= SURE:
            return list(found)
        try:
            async with asyncio.timeout(self._embed_limit_s):
                asked = await self._embedder.embed([question], kind="query")
                texts = [(evidence.row or evidence.text)[:400] for evidence in best]
                vectors = await self._embedder.embed(texts, kind="passage")
        except (GroundwireError, TimeoutError):
            return list(found)
        closeness = [float(value) for value in vectors @ asked[0]]
        low, high = min(closeness), max(closeness)
        spread = max(high - low, 0.02)
        scored = [
            (evidence.score + MEANING_WEIGHT * (close - low) / spread, evidence)
            for evidence, close in zip(best, closeness, strict=True)
        ]
        return [replace(e, score=score) for score, e in sorted(scored, key=lambda pair: -pair[0])]


def seen_by_words(question: str, passages: Sequence[Passage]) -> float:
    """Return how much of the question the passages speak of, in 0…1.

    Words cannot tell that across languages: it is 1 then.
    """
    if has_wide(question) is not has_wide("".join(passage.text for passage in passages)):
        return 1.0
    return seen_share(question, passages)


def choose(found: Sequence[Evidence]) -> list[Evidence]:
    """Return at most ``QUOTES`` of the best that say different things, best first."""
    chosen: list[Evidence] = []
    for evidence in found:
        if chosen and evidence.score < GOOD_ENOUGH * chosen[0].score:
            break
        if not any(_repeats(evidence, other) for other in chosen):
            chosen.append(evidence)
        if len(chosen) == QUOTES:
            break
    return chosen


def quote(evidence: Evidence) -> str:
    """Return the quotation with its marker; code stands in a block after it."""
    if evidence.row is not None:
        return f"{_escaped(evidence.row)} [{evidence.n}]"
    prose: list[str] = []
    code: list[str] = []
    for span in evidence.spans:
        said = evidence.text[span.start - evidence.start : span.end - evidence.start]
        (code if span.kind == "code" else prose).append(said)
    if not prose:
        return f"`{code[0]}` [{evidence.n}]" + _block(code[1:])
    return f"{_joined(evidence, prose)} [{evidence.n}]" + _block(code)


def _joined(evidence: Evidence, prose: Sequence[str]) -> str:
    parts = [_escaped(said) for said in prose]
    between = "\n" if any(span.kind == "item" for span in evidence.spans[1:]) else " "
    return between.join(parts)


def _escaped(said: str) -> str:
    # A reference of the document's own must not be taken for one of ours.
    return _MARKER.sub(r"\\[\1\\]", said)


def _block(code: Sequence[str]) -> str:
    return "\n\n```\n" + "\n".join(code) + "\n```" if code else ""


def _repeats(evidence: Evidence, other: Evidence) -> bool:
    if evidence.n == other.n and evidence.start < other.end and other.start < evidence.end:
        return True
    mine, theirs = set(evidence.text.casefold().split()), set(other.text.casefold().split())
    return len(mine & theirs) > 0.7 * min(len(mine), len(theirs))
