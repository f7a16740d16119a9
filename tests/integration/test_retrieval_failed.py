"""A question whose documents cannot be searched is told so at once, and the next one works (G9)."""

from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.support.server import Served, serve
from tests.support.socket import Frame

GUIDE = b"The rules file builds the package."


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    """A server whose owner has one document, found by its words and by its meaning."""
    async with serve(tmp_path) as served, served.browse() as client, served.connect() as watch:
        workspace = (await client.get("/api/v1/me")).json()["workspaceId"]
        await watch.say("attach", workspaceId=workspace)
        files = {"file": ("guide.txt", GUIDE, "text/plain")}
        await client.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
        await watch.next("document.ready")
        yield served


async def ask(served: Served) -> list[Frame]:
    served.script("The rules file [1].")
    async with served.connect() as client:
        return await client.answer(served.new_session(), "Which file builds the package?")


def break_index(folder: Path, sql: str) -> None:
    with closing(apsw.Connection(str(folder / "index.db"))) as db:
        db.execute(sql)


def types(events: list[Frame]) -> list[str]:
    return [event["type"] for event in events]


async def test_a_failed_search_ends_its_turn_with_an_error_and_later_ones_succeed(
    served: Served, tmp_path: Path
) -> None:
    break_index(tmp_path, "ALTER TABLE chunks RENAME TO lost")
    failed = await ask(served)
    break_index(tmp_path, "ALTER TABLE lost RENAME TO chunks")
    answered = await ask(served)

    assert types(failed)[-2:] == ["error", "done"]
    assert (failed[-2]["code"], failed[-2]["retryable"]) == ("retrieval_failed", True)
    assert failed[-1]["finishReason"] == "error"
    assert "sources" in types(answered)
    assert answered[-1]["finishReason"] == "stop"


async def test_a_search_over_http_says_so_as_well(served: Served, tmp_path: Path) -> None:
    break_index(tmp_path, "DROP TABLE chunks")
    async with served.browse() as client:
        workspace = (await client.get("/api/v1/me")).json()["workspaceId"]
        answer = await client.post(
            f"/api/v1/workspaces/{workspace}/search", json={"query": "package"}
        )

    assert (answer.status_code, answer.json()["code"]) == (503, "retrieval_failed")


async def test_without_the_index_of_meaning_the_answer_rests_on_words(
    served: Served, tmp_path: Path
) -> None:
    break_index(tmp_path, "DROP TABLE codes_2")
    events = await ask(served)

    (written,) = [event for event in events if event.get("status") == "generating"]
    assert written["detail"]["searched"] == "words"
    assert types(events)[-1] == "done"
    assert events[-1]["finishReason"] == "stop"
