"""Names and ``auto`` over several providers."""

import asyncio
from collections.abc import Sequence

import pytest

from groundwire.adapters.models.directory import ModelDirectory, match_name
from groundwire.adapters.models.extractive import ExtractiveModel
from groundwire.adapters.models.scripted import ScriptedModel
from groundwire.model.errors import ModelUnavailable, UnknownModel
from groundwire.ports.chat_model import ChatModel, ModelInfo


class Shop:
    """A provider whose models are names."""

    def __init__(self, name: str, *names: str) -> None:
        self.name = name
        self.names = list(names)
        self.down = False
        self.mute = False
        self.asked = 0

    async def list_models(self) -> Sequence[ModelInfo]:
        self.asked += 1
        if self.mute:
            await asyncio.Event().wait()
        if self.down:
            raise ModelUnavailable("It is down.")
        return [ModelInfo(name=n, provider=self.name, window_tokens=4096) for n in self.names]

    def model(self, info: ModelInfo) -> ChatModel:
        return ScriptedModel(f"{self.name}:{info.name}")

    async def aclose(self) -> None:
        self.names.clear()


def directory(*shops: Shop, default: str | None = None) -> ModelDirectory:
    return ModelDirectory(
        shops,
        quoting=ExtractiveModel(),
        default=default,
        aliases={"small": "qwen3:0.6b"},
        limit_s=0.05,
    )


async def chosen(models: ModelDirectory, name: str | None, **how: bool) -> str:
    choice = await models.choose(name, language="en", **how)
    await models.aclose()
    return choice.model.info.name


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("llama3", "ollama:llama3:latest"),
        ("LLAMA3:latest", "ollama:llama3:latest"),
        ("qwen3", "ollama:qwen3:0.6b"),
        ("small", "ollama:qwen3:0.6b"),
        ("same", "openai:same"),
        ("ollama/same", "ollama:same"),
        ("Qwen/Qwen3-8B", "openai:Qwen/Qwen3-8B"),
        ("extractive", "extractive"),
    ],
)
async def test_a_name_finds_its_model(wanted: str, found: str) -> None:
    models = directory(
        Shop("openai", "same", "Qwen/Qwen3-8B"),
        Shop("ollama", "same", "llama3:latest", "qwen3:0.6b"),
    )

    assert await chosen(models, wanted) == found


async def test_an_unknown_name_lists_those_there_are() -> None:
    models = directory(Shop("ollama", "llama3:latest"))

    with pytest.raises(UnknownModel) as raised:
        await models.choose("gpt-2000", language="en")

    assert raised.value.details["models"] == ["auto", "llama3:latest", "extractive"]
    await models.aclose()


@pytest.mark.parametrize(
    ("names", "best"),
    [
        ((), "extractive"),
        (("smollm2-135m-instruct",), "extractive"),
        (("llama3.2:1b", "qwen2.5:7b", "nomic-embed-text"), "ollama:qwen2.5:7b"),
        (("my-own-finetune",), "extractive"),
        (("qwen2.5:0.5b", "deepseek-r1-distill-qwen-1.5b"), "extractive"),
    ],
)
async def test_auto_takes_the_most_capable_that_is_known(names: tuple[str, ...], best: str) -> None:
    assert await chosen(directory(Shop("ollama", *names)), "auto") == best


async def test_auto_wants_the_language_of_the_asker() -> None:
    models = directory(Shop("ollama", "mistral:7b"))

    english = await models.choose(None, language="en")
    chinese = await models.choose(None, language="zh")

    assert english.model.info.name == "ollama:mistral:7b"
    assert chinese.model.info.name == "extractive"
    assert "引用" in chinese.why
    await models.aclose()


async def test_the_one_model_of_a_configured_endpoint_is_taken() -> None:
    assert await chosen(directory(Shop("openai", "my-own")), None) == "openai:my-own"
    assert await chosen(directory(Shop("openai", "my-own", "other")), None) == "extractive"


async def test_without_documents_a_small_model_may_chat() -> None:
    shop = Shop("embedded", "smollm2-135m-instruct")

    assert await chosen(directory(shop), None, grounded=False) == "embedded:smollm2-135m-instruct"


async def test_the_default_comes_first_and_is_missed_aloud() -> None:
    shop = Shop("ollama", "llama3:latest", "qwen2.5:7b")
    models = directory(shop, default="llama3")
    there = await models.choose(None, language="en")
    shop.names.remove("llama3:latest")
    await models.list_models()

    gone = await models.choose(None, language="en")

    assert there.model.info.name == "ollama:llama3:latest"
    assert gone.model.info.name == "ollama:qwen2.5:7b"
    assert gone.why.startswith("The default model llama3 is not there now.")
    await models.aclose()


async def test_a_provider_that_does_not_answer_holds_nobody_up() -> None:
    mute, other = Shop("ollama", "x"), Shop("openai", "y")
    mute.mute = True
    models = directory(mute, other)

    async with asyncio.timeout(2):
        infos = await models.list_models()

    assert [info.name for info in infos] == ["y", "extractive"]
    await models.aclose()


async def test_a_model_that_has_just_come_is_found() -> None:
    shop = Shop("ollama")
    models = directory(shop)
    await models.list_models()
    shop.names.append("llama3:latest")

    assert await chosen(models, "llama3") == "ollama:llama3:latest"


async def test_choosing_again_does_not_ask_again() -> None:
    shop = Shop("ollama", "llama3:latest")
    models = directory(shop)

    for _ in range(5):
        await models.choose("llama3", language="en")

    assert shop.asked == 1
    await models.aclose()


def test_a_name_that_only_begins_like_another_is_not_it() -> None:
    infos = [ModelInfo(name="llama3.1:8b", provider="ollama", window_tokens=1)]

    assert match_name("llama3", infos) is None
