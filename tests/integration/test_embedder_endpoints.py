"""What endpoints of embedders do wrong, and what is made of it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import web

from groundwire.adapters.embedder.endpoint import OPENAI, EndpointEmbedder
from groundwire.model.errors import ModelUnavailable
from tests.support.loopback import serve_app

KEY = "sk-very-secret-key-0123456789"


class Endpoint:
    """Answers ``/v1/embeddings`` with what ``answer`` makes of the texts."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.authorization: str | None = None
        self.answer: Callable[[list[str]], web.Response] = lambda texts: rows([1.0, 2.0], texts)

    async def handle(self, request: web.Request) -> web.Response:
        texts = (await request.json())["input"]
        self.asked.append(texts)
        self.authorization = request.headers.get("Authorization")
        return self.answer(texts)


def rows(vector: list[float], texts: list[str]) -> web.Response:
    data = [{"index": n, "embedding": vector} for n, _ in enumerate(texts)]
    return web.json_response({"data": data})


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_post("/v1/embeddings", handle)
    async with serve_app(app) as url:
        yield f"{url}/v1"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def embedder(endpoint: Endpoint) -> AsyncIterator[EndpointEmbedder]:
    async with serving(endpoint.handle) as url:
        embedder = EndpointEmbedder(OPENAI, url, "nomic-embed-text", key=KEY)
        yield embedder
        await embedder.aclose()


async def test_a_text_is_asked_for_as_the_model_was_trained_and_with_the_key(
    embedder: EndpointEmbedder, endpoint: Endpoint
) -> None:
    await embedder.embed(["where?"], kind="query")
    await embedder.embed(["here", "there"], kind="passage")

    asked = [["search_query: where?"], ["search_document: here", "search_document: there"]]
    assert endpoint.asked == asked
    assert endpoint.authorization == f"Bearer {KEY}"
    assert embedder.name == "openai:nomic-embed-text"


async def test_vectors_come_in_the_order_of_their_texts(
    embedder: EndpointEmbedder, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda _: web.json_response(
        {"data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]}
    )

    vectors = await embedder.embed(["first", "second"], kind="passage")

    assert np.array_equal(vectors, np.eye(2))


async def test_a_text_that_is_too_long_for_the_model_is_cut(
    embedder: EndpointEmbedder, endpoint: Endpoint
) -> None:
    def refuse_long(texts: list[str]) -> web.Response:
        if max(map(len, texts)) > 300:
            error = {"error": {"code": "context_length_exceeded", "message": "too long"}}
            return web.json_response(error, status=400)
        return rows([1.0, 0.0], texts)

    endpoint.answer = refuse_long

    assert (await embedder.embed(["short", "字" * 2_000], kind="passage")).shape == (2, 2)


def refused(_: list[str]) -> web.Response:
    return web.json_response({"error": {"message": f"bad key {KEY}"}}, status=401)


def too_few(_: list[str]) -> web.Response:
    return web.json_response({"data": []})


def a_page(_: list[str]) -> web.Response:
    return web.Response(text="<html>")


def nothing(texts: list[str]) -> web.Response:
    return rows([0.0, 0.0], texts)


def uneven(texts: list[str]) -> web.Response:
    data = [{"index": n, "embedding": [1.0] * (n + 1)} for n in range(len(texts))]
    return web.json_response({"data": data})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refused, "key"),
        (too_few, "not an answer"),
        (a_page, "not an answer"),
        (nothing, "vectors that are none"),
        (uneven, "not an answer"),
    ],
)
async def test_a_wrong_answer_becomes_a_sentence_without_secrets(
    embedder: EndpointEmbedder,
    endpoint: Endpoint,
    answer: Callable[[list[str]], web.Response],
    says: str,
) -> None:
    endpoint.answer = answer

    with pytest.raises(ModelUnavailable) as raised:
        await embedder.embed(["first", "second"], kind="passage")

    assert says in raised.value.message
    assert KEY not in raised.value.message


async def test_an_endpoint_that_is_not_there_is_said_to_be_unreachable() -> None:
    embedder = EndpointEmbedder(OPENAI, "http://127.0.0.1:9/v1", "any")

    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await embedder.embed(["text"], kind="query")

    await embedder.aclose()
