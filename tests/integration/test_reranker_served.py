"""A server with a reranker: what it tells of it, and what of one that is set wrongly."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from groundwire.model.errors import InvalidField
from tests.integration.test_reranker_endpoints import Endpoint, serving
from tests.support.cross_encoder import CrossEncoder
from tests.support.server import NOWHERE, Served, serve
from tests.support.socket import Frame

KEY = "rerank-key-that-nobody-may-see"
FILES = {
    "guide.txt": "The rules file builds the package.",
    "cats.txt": "The cats sleep beside the package.",
}
QUESTION = "Which rules file builds the package?"


async def fill(served: Served) -> str:
    async with served.browse() as client, served.connect() as watch:
        workspace = (await client.get("/api/v1/me")).json()["workspaceId"]
        await watch.say("attach", workspaceId=workspace)
        for name, text in FILES.items():
            files = {"file": (name, text.encode(), "text/plain")}
            await client.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
            await watch.next("document.ready")
        return workspace


async def ask(served: Served) -> list[Frame]:
    served.script("The rules file [1].")
    async with served.connect() as client:
        return await client.answer(served.new_session(), QUESTION)


async def search(served: Served, workspace: str, query: str = QUESTION) -> dict[str, Any]:
    async with served.browse() as client:
        url = f"/api/v1/workspaces/{workspace}/search"
        return (await client.post(url, json={"query": query})).json()


@pytest.fixture
async def endpoint() -> AsyncGenerator[tuple[Endpoint, str]]:
    endpoint = Endpoint()
    async with serving(endpoint) as url:
        yield endpoint, url


async def test_answers_and_searches_are_in_the_order_of_the_reranker_and_say_so(
    tmp_path: Path, endpoint: tuple[Endpoint, str]
) -> None:
    settings: dict[str, Any] = {
        "reranker": "http:any",
        "reranker_url": endpoint[1],
        "reranker_api_key": KEY,
    }
    async with serve(tmp_path, **settings) as served:
        workspace = await fill(served)
        events = await ask(served)
        found = await search(served, workspace)

    (sources,) = [event for event in events if event["type"] == "sources"]
    (told,) = [event for event in events if event.get("detail", {}).get("count")]
    statuses = [event["status"] for event in events if event["type"] == "status"]
    assert statuses == ["retrieving", "reranking", "generating"]
    # The endpoint prefers what comes last.
    assert [item["title"] for item in sources["items"]] == ["cats.txt", "guide.txt"]
    assert [passage["title"] for passage in found["passages"]] == ["cats.txt", "guide.txt"]
    assert (told["detail"]["reranked"], "why" in told["detail"]) == (True, False)
    assert (found["searched"], found["reranked"], found["why"]) == ("both", True, None)
    assert endpoint[0].authorization == f"Bearer {KEY}"


async def test_a_silent_reranker_costs_its_time_and_the_answer_says_that_it_was_missing(
    tmp_path: Path, endpoint: tuple[Endpoint, str]
) -> None:
    endpoint[0].silent = True
    settings: dict[str, Any] = {
        "reranker": "http:any",
        "reranker_url": endpoint[1],
        "reranker_timeout": 0.05,
    }
    async with serve(tmp_path, **settings) as served:
        workspace = await fill(served)
        events = await ask(served)
        found = await search(served, workspace)

    (told,) = [event for event in events if event.get("detail", {}).get("count")]
    assert "reranker" in told["msg"]
    assert told["detail"]["reranked"] is False
    assert told["detail"]["why"] == "The reranker was not done within 0.05 s."
    assert found["passages"][0]["title"] == "guide.txt"
    assert (found["reranked"], found["why"]) == (False, told["detail"]["why"])
    assert events[-1]["finishReason"] == "stop"


async def test_without_one_nothing_is_said_of_it(tmp_path: Path) -> None:
    async with serve(tmp_path) as served:
        workspace = await fill(served)
        events = await ask(served)
        found = await search(served, workspace)

    (told,) = [event for event in events if event.get("detail", {}).get("count")]
    assert "reranked" not in told["detail"]
    assert not any(event.get("status") == "reranking" for event in events)
    assert found["reranked"] is None


@pytest.mark.model
async def test_a_file_in_the_folder_of_models_ranks_and_answers_no_questions(
    tmp_path: Path,
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    CrossEncoder().write(models / "small.gguf")
    async with serve(tmp_path, reranker="gguf:small") as served, served.browse() as client:
        found = await search(served, await fill(served))
        listed = (await client.get("/api/v1/models")).json()["models"]

    assert found["reranked"] is True
    assert "small" not in {model["name"] for model in listed}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"reranker": "on"}, "is `off`, `gguf:FILE` or `http:MODEL`"),
        ({"reranker": "gguf:"}, "is `off`, `gguf:FILE` or `http:MODEL`"),
        ({"reranker": "jina:m0"}, "is `off`, `gguf:FILE` or `http:MODEL`"),
        ({"reranker": "http:any"}, "GROUNDWIRE_RERANKER_URL"),
        ({"reranker": "http:any", "reranker_url": "ftp://here"}, "GROUNDWIRE_RERANKER_URL"),
        ({"reranker": "gguf:missing"}, r"there is no file .*models/missing\.gguf"),
        ({"reranker": "gguf:/nowhere/m.gguf"}, r"there is no file /nowhere/m\.gguf"),
    ],
)
async def test_a_reranker_that_is_set_wrongly_stops_the_server_at_its_start(
    tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidField, match=says):
        async with serve(tmp_path, **settings):
            pass


def test_the_doctor_tells_of_the_reranker_and_not_of_its_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundwire", "doctor", "--data", str(tmp_path)]
    environment = {
        **os.environ,
        "GROUNDWIRE_RERANKER": "http:any",
        "GROUNDWIRE_RERANKER_URL": NOWHERE,
        "GROUNDWIRE_RERANKER_API_KEY": KEY,
    }

    told = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert "The reranker: The reranker at 127.0.0.1:9 cannot be reached." in told.stdout
    assert KEY not in told.stdout + told.stderr
    assert told.returncode == 1
