"""A search or a question that is limited rests on what the filter lets through, and on no more."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import groundwire_client
from groundwire_client import Filter
from tests.support.server import Served, serve
from tests.support.socket import Frame, Talk

RULES = "The rules file builds the package."
COLORS = "Amber lamps glow warmly in the evening. Violet ones do not."
QUESTION = "The rules file builds which package?"


@dataclass(frozen=True, slots=True)
class Shelf:
    served: Served
    browser: httpx.AsyncClient
    workspace: str
    rules: str
    colors: str

    async def sort(self, document: str, **labels: object) -> Any:
        answer = await self.browser.patch(f"/api/v1/documents/{document}", json=labels)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def collect(self, name: str, *documents: str) -> str:
        at = f"/api/v1/workspaces/{self.workspace}/collections"
        id = (await self.browser.post(at, json={"name": name})).json()["id"]
        changed = await self.browser.patch(
            f"/api/v1/collections/{id}", json={"add": list(documents)}
        )
        assert changed.json()["documents"] == len(documents)
        return id

    async def search(self, **filter: object) -> Any:
        body = {"query": QUESTION, "filter": filter}
        at = f"/api/v1/workspaces/{self.workspace}/search"
        return (await self.browser.post(at, json=body)).json()

    async def listed(self, **query: object) -> list[str]:
        at = f"/api/v1/workspaces/{self.workspace}/documents"
        answer = await self.browser.get(at, params=query)  # pyright: ignore[reportArgumentType]
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["documents"]]


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncGenerator[Shelf]:
    async with serve(tmp_path) as served, served.browse() as browser:
        workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        rules = await upload(served, workspace, RULES, "rules.txt")
        colors = await upload(served, workspace, COLORS, "colors.md")
        yield Shelf(served, browser, workspace, rules, colors)


async def upload(served: Served, workspace: str, text: str, name: str) -> str:
    async with served.browse() as browser, served.connect() as watch:
        await watch.say("attach", workspaceId=workspace)
        files = {"file": (name, text.encode(), "text/plain")}
        stored = await browser.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
        await watch.next("document.ready")
        return stored.json()["documents"][0]["id"]


def documents(events: Sequence[Frame]) -> set[str]:
    """Return what the answers of ``events`` rest on."""
    told = [event["items"] for event in events if event["type"] == "sources"]
    return {item["documentId"] for items in told for item in items}


def said(events: Sequence[Frame]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "token")


async def turn(client: Talk, command: str, **fields: object) -> list[Frame]:
    """Say what begins a turn, and return its events."""
    await client.say(command, **fields)
    return await client.turn((await client.next("ack"))["turnId"])


async def test_a_search_is_limited_by_each_criterion_and_says_how_many_documents_it_saw(
    shelf: Shelf,
) -> None:
    await shelf.sort(shelf.colors, tags=["Lamps", " lamps "])
    collection = await shelf.collect("Light", shelf.colors)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    for filter in (
        {"tags": ["LAMPS", "other"]},
        {"collections": [collection]},
        {"types": ["markdown"]},
        {"documents": [shelf.colors]},
        {"tags": ["lamps"], "collections": [collection], "until": tomorrow},
    ):
        found = await shelf.search(**filter)
        assert {each["documentId"] for each in found["passages"]} == {shelf.colors}
        assert found["documents"] == 1
    for nothing in ({"tags": ["none"]}, {"tags": ["lamps"], "types": ["text"]}):
        found = await shelf.search(**nothing)
        assert (found["passages"], found["documents"]) == ([], 0)
    assert (await shelf.search(since=tomorrow))["documents"] == 0
    assert (await shelf.search())["documents"] == 2


async def test_documents_are_listed_by_what_they_are_sorted_by(shelf: Shelf) -> None:
    sorted_ = await shelf.sort(shelf.rules, tags=["Build"], pinned=True)
    collection = await shelf.collect("Light", shelf.colors)

    assert (sorted_["tags"], sorted_["pinned"], sorted_["type"]) == (["build"], True, "text")
    assert await shelf.listed() == [shelf.colors, shelf.rules]
    assert await shelf.listed(tag=["build", "other"]) == [shelf.rules]
    assert await shelf.listed(collection=collection, status="ready") == [shelf.colors]
    assert await shelf.listed(collection=collection, type="text") == []
    assert await shelf.listed(status="failed") == []
    assert len(await shelf.listed(since="2026-01-01T00:00:00Z")) == 2
    assert await shelf.listed(until="2026-01-01T00:00:00Z") == []


async def test_an_answer_is_limited_and_says_so(shelf: Shelf) -> None:
    await shelf.sort(shelf.colors, tags=["lamps"])
    async with shelf.served.connect() as client:
        session = shelf.served.new_session()
        everything = await client.answer(session, "Amber lamps glow warmly in the evening?")
        limited = await client.answer(
            session,
            "Amber lamps glow warmly in the evening?",
            filter={"tags": ["lamps"], "types": []},
        )

    assert documents(everything) == {shelf.colors, shelf.rules}
    assert limited[0]["filter"] == {"tags": ["lamps"]}
    assert documents(limited) == {shelf.colors}
    searching = [event["msg"] for event in limited if event.get("status") == "retrieving"]
    assert searching == ["Searching 1 document that this question is limited to…"]


async def test_a_filter_that_lets_nothing_through_is_told_and_nothing_is_made_up(
    shelf: Shelf,
) -> None:
    async with shelf.served.connect() as client:
        session = shelf.served.new_session()
        nothing = await client.answer(session, QUESTION, filter={"tags": ["none"]})
        unrelated = await client.answer(
            session, "Quantum chromodynamics?", filter={"documents": [shelf.colors]}
        )
        both = await client.answer(
            session,
            QUESTION,
            attachments=[shelf.rules],
            filter={"documents": [shelf.colors]},
        )

    assert said(nothing).startswith("No document of this workspace meets")
    assert said(both) == said(nothing)
    assert documents(nothing) == set()
    assert said(unrelated).startswith("I found nothing about this in the documents that")
    assert not shelf.served.model.requests


async def test_another_try_another_wording_and_a_restart_of_it_keep_the_filter(
    shelf: Shelf,
) -> None:
    session = shelf.served.new_session()
    filter = {"documents": [shelf.colors]}
    question = "Amber lamps glow warmly in the evening?"
    async with shelf.served.connect() as client:
        asked = await client.answer(session, question, filter=filter)
        message, answer = asked[0]["messageId"], asked[-1]["messageId"]
        again = await turn(client, "regenerate", sessionId=session, messageId=answer)
        editing = {"sessionId": session, "messageId": message, "content": f"{question} Say."}
        edited = await turn(client, "edit", **editing)
        without = await turn(client, "edit", **editing, filter={})
    shown = (await shelf.browser.get(f"/api/v1/conversations/{session}")).json()["messages"]

    assert documents(again) == documents(edited) == {shelf.colors}
    assert documents(without) == {shelf.colors, shelf.rules}
    assert [each["filter"] for each in shown if "filter" in each] == [filter] * 2


async def test_what_is_not_in_the_workspace_or_no_criterion_is_refused_by_its_field(
    shelf: Shelf,
) -> None:
    made = await shelf.browser.post("/api/v1/workspaces", json={"name": "Other"})
    other = made.json()["id"]
    foreign = await upload(shelf.served, other, "Elsewhere.", "other.txt")
    at = f"/api/v1/workspaces/{other}/collections"
    collection = (await shelf.browser.post(at, json={"name": "Theirs"})).json()["id"]
    search = f"/api/v1/workspaces/{shelf.workspace}/search"
    session = shelf.served.new_session()
    async with shelf.served.connect() as client:
        for field, filter in (
            ("documents", {"documents": [foreign]}),
            ("collections", {"collections": [collection]}),
            ("collections", {"collections": ["c_none"]}),
            ("types", {"types": ["doc"]}),
            ("since", {"since": "yesterday"}),
            ("until", {"until": "2026-01-01T00:00:00"}),
            ("tags", {"tags": [" "]}),
            ("", {"tag": ["typo"]}),
        ):
            await client.say("chat_message", sessionId=session, content=QUESTION, filter=filter)
            told = await client.next("error")
            assert (told["code"], told["detail"]["field"][:6]) == ("invalid_field", "filter")
            assert field in told["detail"]["field"]
            body = {"query": QUESTION, "filter": filter}
            refused = await shelf.browser.post(search, json=body)
            assert (refused.status_code, refused.json()["code"]) == (400, "invalid_field")
    # Nothing was begun.
    assert (await shelf.browser.get(f"/api/v1/conversations/{session}")).status_code == 404


async def test_what_is_pinned_is_there_whatever_is_asked_within_what_is_asked_of(
    shelf: Shelf,
) -> None:
    await shelf.sort(shelf.rules, pinned=True)
    async with shelf.served.connect() as client:
        session = shelf.served.new_session()
        lamps = await client.answer(session, "Amber lamps glow warmly in the evening?")
        unrelated = await client.answer(session, "Quantum chromodynamics?")
        limited = await client.answer(
            session, "Amber lamps glow warmly in the evening?", filter={"documents": [shelf.colors]}
        )

    (sources,) = [event["items"] for event in lamps if event["type"] == "sources"]
    assert [(each["n"], each["documentId"], each.get("pinned")) for each in sources] == [
        (1, shelf.rules, True),
        (2, shelf.colors, None),
    ]
    assert documents(unrelated) == {shelf.rules}
    assert documents(limited) == {shelf.colors}
    assert RULES in shelf.served.model.requests[0].messages[0].content


async def test_only_those_who_may_write_sort_and_nobody_sorts_elsewhere(shelf: Shelf) -> None:
    keys = (await shelf.browser.post("/api/v1/keys", json={"name": "r", "role": "reader"})).json()
    reader = {"authorization": f"Bearer {keys['key']}"}
    id = await shelf.collect("Light", shelf.colors)
    at = f"/api/v1/workspaces/{shelf.workspace}/collections"
    async with httpx.AsyncClient(base_url=shelf.served.http, headers=reader) as browser:
        assert (await browser.get(f"/api/v1/collections/{id}")).json()["name"] == "Light"
        assert len((await browser.get(at)).json()["collections"]) == 1
        for refused in (
            await browser.post(at, json={"name": "Mine"}),
            await browser.patch(f"/api/v1/collections/{id}", json={"name": "Mine"}),
            await browser.delete(f"/api/v1/collections/{id}"),
            await browser.patch(f"/api/v1/documents/{shelf.rules}", json={"pinned": True}),
        ):
            assert refused.status_code == 403
    for missing in (
        await shelf.browser.get("/api/v1/collections/c_none"),
        await shelf.browser.patch("/api/v1/documents/d_none", json={}),
        await shelf.browser.patch(f"/api/v1/collections/{id}", json={"add": ["d_none"]}),
    ):
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = await shelf.browser.patch(
        f"/api/v1/documents/{shelf.rules}", json={"collections": ["c_none"]}
    )
    assert (wrong.status_code, wrong.json()["field"]) == (400, "collections")
    again = await shelf.browser.post(at, json={"name": "Light"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (await shelf.browser.delete(f"/api/v1/collections/{id}")).status_code == 204
    assert shelf.colors in await shelf.listed()


async def test_the_python_client_sorts_documents_and_asks_within_a_filter(shelf: Shelf) -> None:
    served, year = shelf.served, datetime(2026, 1, 1, tzinfo=UTC)
    async with groundwire_client.connect(served.http, token=served.key) as client:
        rest = client.rest
        labelled = await rest.sort_document(shelf.colors, tags=["Lamps"], pinned=False)
        collection = await rest.create_collection(shelf.workspace, "Light")
        changed = await rest.change_collection(collection.id, name="Lights", add=[shelf.colors])
        assert (labelled.tags, labelled.type) == (("lamps",), "markdown")
        assert (changed.name, changed.documents) == ("Lights", 1)
        assert [each.name for each in await rest.collections(shelf.workspace)] == ["Lights"]

        filter = Filter(tags=("lamps",), collections=(collection.id,), since=year)
        (listed,) = await rest.documents(shelf.workspace, filter=filter, status="ready")
        assert (listed.id, listed.collections) == (shelf.colors, (collection.id,))
        of_id = Filter(documents=(shelf.rules,), until=year)
        assert await rest.documents(shelf.workspace, filter=of_id) == []
        passages = await rest.search(shelf.workspace, "lamps", filter=filter)
        assert {passage.document_id for passage in passages} == {shelf.colors}

        conversation = client.conversation("test_filter")
        question = "Amber lamps glow warmly in the evening?"
        answer = await conversation.ask(question, filter=filter)
        await answer.done()
        assert {source.document_id for source in answer.sources} == {shelf.colors}
        assert conversation.messages[0].filter == filter
        edited = await conversation.edit(
            conversation.messages[0].message_id, question, filter=Filter()
        )
        await edited.done()
        assert len({source.document_id for source in edited.sources}) == 2
        await rest.delete_collection(collection.id)
        assert await rest.collections(shelf.workspace) == []
