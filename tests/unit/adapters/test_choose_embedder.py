"""Embedders are chosen by what stands before the colon; another one is a line."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from groundwire.adapters.embedder.choose import EMBEDDERS, Place
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.equip import open_embedder, reopen_embedder
from groundwire.model.errors import InvalidField, ModelUnavailable
from groundwire.settings import Settings


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_one_that_a_line_adds_is_opened_and_found_again_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stack: AsyncExitStack
) -> None:
    def letters(place: Place) -> ScriptedEmbedder:
        return ScriptedEmbedder(name=f"letters:{place.model}")

    monkeypatch.setitem(EMBEDDERS, "letters", letters)

    opened = open_embedder(Settings(data=tmp_path, embedder="letters:any"), stack)
    again = reopen_embedder("letters:any", "", Settings(data=tmp_path), stack)

    assert opened.name == again.name == "letters:any"
    assert (await again.embed(["text"], kind="query")).shape == (1, 64)


@pytest.mark.parametrize(
    ("embedder", "says"),
    [
        ("openai", "`ollama:MODEL` or `openai:MODEL`"),
        ("unheard:of", "`ollama:MODEL` or `openai:MODEL`"),
        ("openai:model", "GROUNDWIRE_EMBEDDER_URL"),
    ],
)
async def test_one_that_cannot_be_opened_is_refused_in_words(
    tmp_path: Path, stack: AsyncExitStack, embedder: str, says: str
) -> None:
    with pytest.raises(InvalidField, match=says):
        open_embedder(Settings(data=tmp_path, embedder=embedder), stack)


async def test_one_of_before_that_there_is_no_more_says_so(
    tmp_path: Path, stack: AsyncExitStack
) -> None:
    before = reopen_embedder("letters:any", "", Settings(data=tmp_path), stack)

    with pytest.raises(ModelUnavailable, match="letters:any"):
        await before.embed(["text"], kind="query")
