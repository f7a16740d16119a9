"""A server whose vectors lie elsewhere, or come from another embedder: what its settings do."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from groundwire.adapters.vectors.choose import open_store
from groundwire.bootstrap import Groundwire, open_groundwire
from groundwire.cli.doctor import doctor
from groundwire.model.documents import Document
from groundwire.model.errors import InvalidField, VectorsUnavailable
from groundwire.model.ids import WorkspaceId, workspace_log
from groundwire.settings import Settings
from tests.support.embedders import embedders
from tests.support.postgres import running_postgres
from tests.support.server import NOWHERE as NO_OLLAMA

GUIDE = "The heron nests in April. It eats fish and frogs."
NOWHERE = ["chroma+http://127.0.0.1:9", "postgresql://me:secret@127.0.0.1:9/name"]


@pytest.mark.parametrize("address", NOWHERE)
async def test_a_store_that_is_not_there_is_said_to_be_unavailable_without_its_password(
    address: str, tmp_path: Path
) -> None:
    store = open_store(address, tmp_path)
    vector = np.ones(1, np.float32)

    with pytest.raises(VectorsUnavailable, match=r"127\.0\.0\.1:9.* cannot be reached") as raised:
        await store.nearest("groundwire_1", WorkspaceId("w"), vector, limit=1, documents=None)

    assert "secret" not in raised.value.message
    await store.aclose()


@pytest.mark.parametrize(
    ("module", "address", "extra"),
    [("chromadb", "chroma", "chroma"), ("asyncpg", "postgresql://127.0.0.1/name", "postgres")],
)
def test_a_library_that_is_missing_is_named_with_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, address: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(InvalidField, match=rf"pip install 'groundwire\[{extra}\]'"):
        open_store(address, tmp_path)


@pytest.mark.parametrize("address", ["qdrant", "chroma+http://", "chroma+http://h:port", ""])
def test_an_address_of_no_store_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="GROUNDWIRE_VECTORS"):
        open_store(address, tmp_path)


async def once(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def until_ready(groundwire: Groundwire, document: Document) -> Document:
    log, after = groundwire.assistant.log, 0
    while True:
        found = await groundwire.assistant.library.documents.get(document.id)
        if found.status == "ready":
            return found
        await log.wait(workspace_log(document.workspace), after=after)
        after = (await log.head(workspace_log(document.workspace))).seq


async def find(groundwire: Groundwire, question: str) -> tuple[list[str], str]:
    """Return what is found, and by what."""
    library = groundwire.assistant.library
    workspace = await library.default_workspace(await groundwire.authenticator.local_identity())
    found = await library.search.search(workspace, question, limit=3)
    return [passage.text for passage in found.passages], found.searched


@pytest.mark.slow
async def test_another_place_of_vectors_and_another_embedder_embed_the_documents_again(
    tmp_path: Path,
) -> None:
    with running_postgres() as address:
        async with embedders(one=64, two=64) as models:
            ollama = models.url
            first = Settings(data=tmp_path, ollama_url=ollama, embedder="ollama:e5-one")
            second = Settings(
                data=tmp_path, ollama_url=ollama, embedder="ollama:e5-one", vectors=address
            )
            third = Settings(
                data=tmp_path, ollama_url=ollama, embedder="ollama:e5-two", vectors=address
            )
            async with open_groundwire(first) as groundwire:
                library, owner = (
                    groundwire.assistant.library,
                    await groundwire.authenticator.local_identity(),
                )
                workspace = await library.default_workspace(owner)
                document = await library.upload(owner, workspace, "guide.md", once(GUIDE))
                await until_ready(groundwire, document)
                assert await find(groundwire, "heron nest") == ([GUIDE], "both")
            for settings in (second, third):
                async with open_groundwire(settings) as groundwire:
                    await until_ready(groundwire, document)
                    assert await find(groundwire, "heron nest") == ([GUIDE], "both")


async def test_the_doctor_says_what_embeds_and_which_store_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROUNDWIRE_VECTORS", NOWHERE[1])
    async with embedders(one=64) as models:
        monkeypatch.setenv("GROUNDWIRE_EMBEDDER", "ollama:e5-one")
        monkeypatch.setenv("GROUNDWIRE_EMBEDDER_URL", models.url)
        monkeypatch.setenv("GROUNDWIRE_OLLAMA_URL", NO_OLLAMA)
        assert await doctor({"data": tmp_path}) == 1

    told = capsys.readouterr().out
    assert "vectors of 64 numbers by ollama:e5-one" in told
    assert (
        "The store of vectors: PostgreSQL (postgresql://127.0.0.1:9/name) cannot be reached" in told
    )
    assert "secret" not in told
