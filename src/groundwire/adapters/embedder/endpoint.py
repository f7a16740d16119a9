"""Embedders behind an endpoint: Ollama's ``/api/embed``, and OpenAI's ``/embeddings``."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.embedder.unrelated import measure
from groundwire.adapters.models.upstream import Timeouts, Upstream
from groundwire.model.errors import ContextOverflow, ModelUnavailable
from groundwire.ports.embedder import Unrelated

TEXTS_A_REQUEST = 16
# Questions are never among these, so that they do not wait for passages.
PASSAGE_REQUESTS = 2
TIMEOUTS = Timeouts(listing_s=60.0)
# A text that is too long for a model's window is halved, down to some so many characters.
SHORTEST_CUT = 100
MIN_LENGTH = 1e-12

Kind = Literal["query", "passage"]
Floats = NDArray[np.float32]

# What families of models were trained to have before a text; without it they see less.
# Sources: the cards of the models.
_PREFIXES: dict[str, tuple[str, str]] = {
    "nomic-embed": ("search_query: ", "search_document: "),
    "e5-": ("query: ", "passage: "),
    "embeddinggemma": ("task: search result | query: ", "title: none | text: "),
    "mxbai-embed": ("Represent this sentence for searching relevant passages: ", ""),
    "snowflake-arctic-embed": ("Represent this sentence for searching relevant passages: ", ""),
    "bge-large-en": ("Represent this sentence for searching relevant passages: ", ""),
    "bge-base-en": ("Represent this sentence for searching relevant passages: ", ""),
    "bge-small-en": ("Represent this sentence for searching relevant passages: ", ""),
}


class Protocol(NamedTuple):
    """How an endpoint is asked, and what its answer means."""

    name: str
    path: str
    encode: Callable[[str, Sequence[str]], bytes]
    decode: Callable[[bytes], list[list[float]]]


class EndpointEmbedder:
    """An `Embedder` of model ``model`` at ``base_url``."""

    def __init__(
        self, protocol: Protocol, base_url: str, model: str, *, key: str | None = None
    ) -> None:
        self._protocol = protocol
        self._model = model
        self._upstream = Upstream(base_url, label="The embedder", timeouts=TIMEOUTS, key=key)
        self._prefixes = _prefixes(model)
        self._passages = asyncio.Semaphore(PASSAGE_REQUESTS)

    @property
    def name(self) -> str:
        return f"{self._protocol.name}:{self._model}"

    async def embed(self, texts: Sequence[str], *, kind: Kind) -> Floats:
        """See `Embedder.embed`; the prefixes that the model wants are added here."""
        before = self._prefixes[kind]
        # An endpoint refuses a text without any character, and JSON one with half of a pair.
        sent = [before + (text.encode(errors="replace").decode().strip() or "-") for text in texts]
        parts = [sent[i : i + TEXTS_A_REQUEST] for i in range(0, len(sent), TEXTS_A_REQUEST)]
        rows = [row for part in parts for row in await self._ask_in_turn(part, kind)]
        return self._units(rows)

    async def unrelated(self) -> Unrelated:
        return await measure(self.embed)

    async def aclose(self) -> None:
        await self._upstream.aclose()

    async def _ask_in_turn(self, texts: Sequence[str], kind: Kind) -> list[list[float]]:
        if kind == "query":
            return await self._ask(texts)
        async with self._passages:
            return await self._ask(texts)

    async def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        body = self._protocol.encode(self._model, texts)
        try:
            answer = await self._upstream.post(self._protocol.path, body, msgspec.Raw)
        except ContextOverflow:
            longest = max(map(len, texts))
            if longest <= SHORTEST_CUT:
                raise
            return await self._ask([text[: longest // 2] for text in texts])
        try:
            rows = self._protocol.decode(bytes(answer))
        except msgspec.MsgspecError as error:
            raise self._upstream.unintelligible() from error
        if len(rows) != len(texts):
            raise self._upstream.unintelligible()
        return rows

    def _units(self, rows: list[list[float]]) -> Floats:
        try:
            vectors = np.array(rows, np.float32).reshape(len(rows), -1 if rows else 0)
        except ValueError as error:
            raise self._upstream.unintelligible() from error
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or (lengths < MIN_LENGTH).any():
            raise ModelUnavailable(f"{self._upstream.label} sent vectors that are none.")
        return (vectors / lengths).astype(np.float32)


class _OllamaAsk(msgspec.Struct):
    model: str
    input: Sequence[str]
    truncate: bool = True


class _OllamaAnswer(msgspec.Struct):
    embeddings: list[list[float]]


class _OpenAIAsk(msgspec.Struct):
    model: str
    input: Sequence[str]
    encoding_format: Literal["float"] = "float"


class _OpenAIRow(msgspec.Struct):
    index: int
    embedding: list[float]


class _OpenAIAnswer(msgspec.Struct):
    data: list[_OpenAIRow]


def _ask_ollama(model: str, texts: Sequence[str]) -> bytes:
    return msgspec.json.encode(_OllamaAsk(model, texts))


def _read_ollama(answer: bytes) -> list[list[float]]:
    return msgspec.json.decode(answer, type=_OllamaAnswer).embeddings


def _ask_openai(model: str, texts: Sequence[str]) -> bytes:
    return msgspec.json.encode(_OpenAIAsk(model, texts))


def _read_openai(answer: bytes) -> list[list[float]]:
    rows = msgspec.json.decode(answer, type=_OpenAIAnswer).data
    return [row.embedding for row in sorted(rows, key=lambda row: row.index)]


OLLAMA = Protocol("ollama", "/api/embed", _ask_ollama, _read_ollama)
OPENAI = Protocol("openai", "/embeddings", _ask_openai, _read_openai)


def _prefixes(model: str) -> dict[Kind, str]:
    called = model.casefold()
    found = next((both for part, both in _PREFIXES.items() if part in called), ("", ""))
    return {"query": found[0], "passage": found[1]}
