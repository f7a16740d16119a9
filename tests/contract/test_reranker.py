"""What every reranker promises; a small model of ours is run for real, here and by an endpoint."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from groundwire.adapters.reranker.endpoint import EndpointReranker
from groundwire.adapters.reranker.gguf import GgufReranker
from groundwire.adapters.reranker.scripted import ScriptedReranker
from groundwire.ports.reranker import Reranker
from tests.support.cross_encoder import CrossEncoder
from tests.support.llama_server import llama_ranking

QUERY = "who builds the package"
TEXTS = ("the rules file builds the package", "cats sleep a lot", "a file", "the package")

every_reranker = pytest.mark.parametrize(
    "reranker",
    [
        "scripted",
        pytest.param("gguf", marks=pytest.mark.model),
        pytest.param("http", marks=pytest.mark.model),
    ],
    indirect=True,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CrossEncoder().write(tmp_path_factory.mktemp("rerank") / "small.gguf")


@pytest.fixture(scope="module")
def llama(file: Path) -> Iterator[str]:
    with llama_ranking(file) as url:
        yield url


@pytest_asyncio.fixture
async def reranker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Reranker]:
    match request.param:
        case "scripted":
            yield ScriptedReranker()
        case "gguf":
            local = GgufReranker(request.getfixturevalue("file"), folder=tmp_path, threads=1)
            yield local
            await local.aclose()
        case _:
            endpoint = EndpointReranker(request.getfixturevalue("llama"), "small")
            yield endpoint
            await endpoint.aclose()


@every_reranker
async def test_each_text_has_its_score_whatever_is_asked_beside_it(reranker: Reranker) -> None:
    together = await reranker.rerank(QUERY, TEXTS)
    alone = [(await reranker.rerank(QUERY, [text]))[0] for text in TEXTS]

    assert len(together) == len(TEXTS)
    assert together == pytest.approx(alone, abs=2e-3)
    assert len(set(together)) > 1


@every_reranker
async def test_no_texts_have_no_scores(reranker: Reranker) -> None:
    assert len(await reranker.rerank(QUERY, [])) == 0


@every_reranker
async def test_any_pair_has_a_score(reranker: Reranker) -> None:
    texts = ["", " ", "\x00", "\ud800", "字" * 2_000, "cats " * 500, "👩‍👩‍👧"]

    scores = [
        *await reranker.rerank(QUERY, texts),
        *await reranker.rerank("", ["a"]),
        *await reranker.rerank("the " * 400, ["a"]),
    ]

    assert len(scores) == len(texts) + 2
    assert all(map(math.isfinite, scores))


@every_reranker
async def test_one_that_was_given_up_on_goes_on_with_the_next(reranker: Reranker) -> None:
    asked = asyncio.ensure_future(reranker.rerank(QUERY, TEXTS * 50))
    await asyncio.sleep(0)
    asked.cancel()

    assert len(await reranker.rerank(QUERY, TEXTS)) == len(TEXTS)
