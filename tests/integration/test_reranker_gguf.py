"""A GGUF that a person names scores by its own weights, and is there no longer than it is used."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from groundwire.adapters.reranker.gguf import GgufReranker
from groundwire.model.errors import InvalidField, ModelUnavailable
from tests.support.cross_encoder import CrossEncoder

QUERY = "who builds the package"
TEXTS = ("the rules file builds the package", "cats sleep a lot", "a file", "the package")
MANY = 4_000


@pytest.fixture
async def reranker(tmp_path: Path) -> AsyncIterator[GgufReranker]:
    path = CrossEncoder().write(tmp_path / "small.gguf")
    reranker = GgufReranker(path, folder=tmp_path / "run", threads=1)
    yield reranker
    await reranker.aclose()


@pytest.mark.model
@pytest.mark.parametrize("seed", [1, 2])
async def test_scores_are_what_the_weights_of_the_file_say(tmp_path: Path, seed: int) -> None:
    model = CrossEncoder(seed)
    reranker = GgufReranker(model.write(tmp_path / "small.gguf"), folder=tmp_path, threads=1)

    scores = await reranker.rerank(QUERY, TEXTS)

    await reranker.aclose()
    # llama.cpp looks its GELU up in a table of 16 bits.
    assert scores == pytest.approx([model.score(QUERY, text) for text in TEXTS], abs=0.01)


@pytest.mark.model
async def test_what_nobody_waits_for_is_not_worked_for(
    reranker: GgufReranker, tmp_path: Path
) -> None:
    await reranker.rerank(QUERY, TEXTS)
    asked = asyncio.ensure_future(reranker.rerank(QUERY, TEXTS * (MANY // len(TEXTS))))
    async with asyncio.timeout(60):
        while scored(tmp_path) < 20:  # noqa: ASYNC110 (another process writes it)
            await asyncio.sleep(0.01)
    asked.cancel()

    await reranker.rerank(QUERY, TEXTS)

    assert scored(tmp_path) < MANY // 2


def scored(folder: Path) -> int:
    """Return how many pairs the child has been through, as its log has it."""
    return (folder / "run" / "runtime.log").read_text("utf-8", "replace").count("release:")


@pytest.mark.model
async def test_who_gives_up_while_it_is_loaded_does_not_stop_the_loading(
    reranker: GgufReranker,
) -> None:
    asked = asyncio.ensure_future(reranker.rerank(QUERY, TEXTS))
    await asyncio.sleep(0.01)
    asked.cancel()
    async with asyncio.timeout(60):
        while reranker.pid is None:  # noqa: ASYNC110 (the start of a process has no event)
            await asyncio.sleep(0.01)
    loaded = reranker.pid

    await reranker.rerank(QUERY, TEXTS)

    assert reranker.pid == loaded


@pytest.mark.model
async def test_its_memory_is_free_when_nobody_asks_and_when_it_is_closed(tmp_path: Path) -> None:
    path = CrossEncoder().write(tmp_path / "small.gguf")
    reranker = GgufReranker(path, folder=tmp_path, threads=1, unload_after_s=0.01)

    await reranker.rerank(QUERY, TEXTS)
    async with asyncio.timeout(10):
        while reranker.pid is not None:  # noqa: ASYNC110 (the end of a process has no event)
            await asyncio.sleep(0.01)
    again = await reranker.rerank(QUERY, TEXTS)
    await reranker.aclose()

    assert len(again) == len(TEXTS)
    assert reranker.pid is None
    with pytest.raises(ModelUnavailable, match="shutting down"):
        await reranker.rerank(QUERY, TEXTS)


def test_a_file_without_a_head_to_rank_with_is_refused(tmp_path: Path) -> None:
    path = CrossEncoder(head=False).write(tmp_path / "chat.gguf")

    with pytest.raises(InvalidField, match="no head to rank with"):
        GgufReranker(path, folder=tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.gguf"
    path.write_bytes(b"not a model")

    with pytest.raises(InvalidField, match="no GGUF of a reranker"):
        GgufReranker(path, folder=tmp_path)
