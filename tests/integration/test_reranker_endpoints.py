"""What endpoints of rerankers do, right and wrong, and what is made of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from groundwire.adapters.reranker.endpoint import EndpointReranker
from groundwire.model.errors import ModelUnavailable, UpstreamTimeout
from tests.support.loopback import serve_app

KEY = "jina_very-secret-key-0123456789abcdef"

Answer = Callable[[list[str]], web.Response]


class Endpoint:
    """Answers ``/v1/rerank`` with what ``answer`` makes of the texts."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.authorization: str | None = None
        self.silent = False
        self.answer: Answer = lambda texts: results(*range(len(texts)))

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.authorization = request.headers.get("Authorization")
        if self.silent:
            await asyncio.Event().wait()
        return self.answer(self.asked[-1]["documents"])


def results(*scores: float) -> web.Response:
    """Answer as most do: the best first."""
    found = [{"index": n, "relevance_score": score} for n, score in enumerate(scores)]
    return web.json_response({"results": sorted(found, key=lambda each: -each["relevance_score"])})


@asynccontextmanager
async def serving(endpoint: Endpoint) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_post("/v1/rerank", endpoint.handle)
    async with serve_app(app) as url:
        yield f"{url}/v1"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def reranker(endpoint: Endpoint) -> AsyncIterator[EndpointReranker]:
    async with serving(endpoint) as url:
        reranker = EndpointReranker(url, "bge-reranker-v2-m3", key=KEY)
        yield reranker
        await reranker.aclose()


async def test_it_is_asked_with_the_model_the_question_the_texts_and_the_key(
    reranker: EndpointReranker, endpoint: Endpoint
) -> None:
    await reranker.rerank("where?", ["here", "there"])

    asked = {"model": "bge-reranker-v2-m3", "query": "where?", "documents": ["here", "there"]}
    assert endpoint.asked == [asked]
    assert endpoint.authorization == f"Bearer {KEY}"


async def test_the_address_may_be_that_of_the_call_itself(endpoint: Endpoint) -> None:
    async with serving(endpoint) as url:
        reranker = EndpointReranker(f"{url}/rerank/", "any")

        assert await reranker.rerank("where?", ["here"]) == [0]

        await reranker.aclose()


def list_alone(_: list[str]) -> web.Response:
    return web.json_response([{"index": 1, "score": 0.5}, {"index": 0, "score": 0.25}])


def with_texts(texts: list[str]) -> web.Response:
    found = [
        {"index": 1, "relevance_score": 0.5, "document": {"text": texts[1]}},
        {"index": 0, "relevance_score": 0.25, "document": {"text": texts[0]}},
    ]
    return web.json_response({"results": found, "meta": {"billed_units": {"search_units": 1}}})


@pytest.mark.parametrize("answer", [list_alone, with_texts])
async def test_scores_are_found_in_each_form_and_put_in_the_order_of_their_texts(
    reranker: EndpointReranker, endpoint: Endpoint, answer: Answer
) -> None:
    endpoint.answer = answer

    assert await reranker.rerank("where?", ["first", "second"]) == [0.25, 0.5]


async def test_pairs_that_are_too_long_for_the_model_are_cut(
    reranker: EndpointReranker, endpoint: Endpoint
) -> None:
    def refuse_long(texts: list[str]) -> web.Response:
        if max(map(len, texts)) > 300:
            error = {"error": {"message": "input (812 tokens) is too large to process"}}
            return web.json_response(error, status=500)
        return results(*range(len(texts)))

    endpoint.answer = refuse_long

    assert await reranker.rerank("where?", ["short", "字" * 1_000]) == [0, 1]
    assert endpoint.asked[-1]["documents"][0] == "short"


def refused(_: list[str]) -> web.Response:
    return web.json_response({"error": {"message": f"bad key {KEY}"}}, status=401)


def too_few(_: list[str]) -> web.Response:
    return results(1.0)


def a_page(_: list[str]) -> web.Response:
    return web.Response(text="<html>")


def twice_the_same(_: list[str]) -> web.Response:
    pair = {"index": 0, "relevance_score": 1.0}
    return web.json_response({"results": [pair, pair]})


def endless(_: list[str]) -> web.Response:
    return web.Response(
        text='{"results": [{"index": 0, "score": 1e999}, {"index": 1, "score": 1}]}',
        content_type="application/json",
    )


def without_scores(_: list[str]) -> web.Response:
    return web.json_response({"results": [{"index": 0}, {"index": 1}]})


def another_way(_: list[str]) -> web.Response:
    return web.json_response({"detail": "texts: field required"}, status=422)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refused, "key"),
        (too_few, "not an answer"),
        (a_page, "not an answer"),
        (twice_the_same, "not an answer"),
        (endless, "not an answer"),
        (without_scores, "not an answer"),
        (another_way, "texts: field required"),
    ],
)
async def test_a_wrong_answer_becomes_a_sentence_without_secrets(
    reranker: EndpointReranker, endpoint: Endpoint, answer: Answer, says: str
) -> None:
    endpoint.answer = answer

    with pytest.raises(ModelUnavailable) as raised:
        await reranker.rerank("where?", ["first", "second"])

    assert says in raised.value.message
    assert KEY not in raised.value.message


async def test_one_that_is_not_there_is_said_to_be_unreachable() -> None:
    reranker = EndpointReranker("http://127.0.0.1:9/v1", "any")

    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await reranker.rerank("where?", ["here"])

    await reranker.aclose()


async def test_one_that_says_nothing_is_given_up(endpoint: Endpoint) -> None:
    endpoint.silent = True
    async with serving(endpoint) as url:
        reranker = EndpointReranker(url, "any", limit_s=0.05)

        with pytest.raises(UpstreamTimeout, match="silent for too long"):
            await reranker.rerank("where?", ["here"])

        await reranker.aclose()
