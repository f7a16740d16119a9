"""The embedded runtime with the small model that comes in a package."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.memory import processor_s
from groundwire.adapters.models.embedded import EmbeddedModels, find_packaged
from groundwire.ports.chat_model import ChatModel, ChatRequest, Delta, Finish, Message

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not find_packaged(), reason="the weights' package is not installed"),
]


def request(question: str, tokens: int) -> ChatRequest:
    return ChatRequest(
        messages=(Message(role="user", content=question),), question=question, max_tokens=tokens
    )


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[EmbeddedModels]:
    models = EmbeddedModels(tmp_path, run_folder=tmp_path / "run")
    yield models
    await models.aclose()


async def only(models: EmbeddedModels) -> ChatModel:
    (info,) = await models.list_models()
    return models.model(info)


async def test_it_streams_and_finishes(models: EmbeddedModels) -> None:
    model = await only(models)

    *deltas, finish = [part async for part in model.stream(request("Say hello.", 12))]

    assert model.info.name == "smollm2-135m-instruct"
    assert len(deltas) > 3
    assert isinstance(finish, Finish)
    assert finish.completion_tokens


async def test_a_second_question_is_answered_beside_the_first(models: EmbeddedModels) -> None:
    model = await only(models)
    story = model.stream(request("Tell a very long story.", 400))
    await anext(story)

    short = [part async for part in model.stream(request("Say hello.", 8))]

    assert isinstance(short[-1], Finish)
    assert isinstance(await anext(story), Delta)
    await story.aclose()


async def test_a_cancelled_answer_frees_its_core(models: EmbeddedModels) -> None:
    model = await only(models)
    story = model.stream(request("Tell a very long story.", 2000))
    await anext(story)

    await story.aclose()

    pids = [pid for pid in children() if "runtime.child" in command(pid)]
    assert len(pids) == 1
    async with asyncio.timeout(20):
        while await is_busy(pids[0]):
            pass


def children() -> list[int]:
    lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(pid) for path in lists for pid in path.read_text("ascii").split()]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8")


async def is_busy(pid: int) -> bool:
    before, began = processor_s(pid), time.monotonic()
    await asyncio.sleep(0.3)
    return processor_s(pid) - before > 0.1 * (time.monotonic() - began)


async def test_files_that_are_no_chat_models_are_not_listed(
    models: EmbeddedModels, tmp_path: Path
) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF?")
    (tmp_path / "multilingual-e5-small.gguf").write_bytes(find_packaged()[0].read_bytes()[:4096])
    (tmp_path / "mine.Q4_0.gguf").symlink_to(find_packaged()[0])

    names = [info.name for info in await models.list_models()]

    assert names == ["mine.Q4_0", "smollm2-135m-instruct"]
