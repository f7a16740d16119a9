"""A question about named documents rests on these, and on nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import groundwire_client
from groundwire.adapters.models.scripted import WaitFor
from tests.support.http import stream
from tests.support.server import Served, serve
from tests.support.socket import Frame, Talk

RULES = "The rules file builds the package."
COLORS = "Amber lamps glow warmly in the evening. Violet ones do not."
QUESTION = "The rules file builds which package?"


@dataclass(frozen=True, slots=True)
class Shelf:
    served: Served
    workspace: str
    rules: str
    colors: str

    async def remove(self, document: str) -> None:
        async with self.served.browse() as browser:
            gone = await browser.delete(f"/api/v1/documents/{document}")
        assert gone.status_code == 204


async def upload(served: Served, workspace: str, text: str, name: str) -> str:
    async with served.browse() as browser, served.connect() as watch:
        await watch.say("attach", workspaceId=workspace)
        files = {"file": (name, text.encode(), "text/plain")}
        stored = await browser.post(f"/api/v1/workspaces/{workspace}/documents", files=files)
        await watch.next("document.ready" if text.strip() else "document.failed")
        return stored.json()["documents"][0]["id"]


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncGenerator[Shelf]:
    async with serve(tmp_path) as served:
        async with served.browse() as browser:
            workspace = (await browser.get("/api/v1/me")).json()["workspaceId"]
        rules = await upload(served, workspace, RULES, "rules.txt")
        colors = await upload(served, workspace, COLORS, "colors.txt")
        yield Shelf(served, workspace, rules, colors)


def documents(events: Sequence[Frame]) -> set[str]:
    """Return what the answers of ``events`` rest on."""
    told = [event["items"] for event in events if event["type"] == "sources"]
    return {item["documentId"] for items in told for item in items}


async def test_the_answer_rests_on_what_is_attached_however_little_that_has_to_do_with_it(
    shelf: Shelf,
) -> None:
    async with shelf.served.connect() as client:
        session = shelf.served.new_session()
        everything = await client.answer(session, QUESTION)
        attached = await client.answer(session, QUESTION, attachments=[shelf.colors])
        summary = await client.answer(session, "总结一下", attachments=[shelf.rules])

    assert documents(everything) == {shelf.rules, shelf.colors}
    assert attached[0]["attachments"] == [shelf.colors]
    assert documents(attached) == {shelf.colors}
    assert documents(summary) == {shelf.rules}
    prompts = [each.messages[0].content for each in shelf.served.model.requests if each.passages]
    assert ["rules file" in prompt for prompt in prompts] == [True, False, True]


async def test_another_try_another_wording_and_a_correction_keep_the_attachments(
    shelf: Shelf,
) -> None:
    served, session = shelf.served, shelf.served.new_session()
    async with served.connect() as client:
        asked = await client.answer(session, QUESTION, attachments=[shelf.colors])
        question, answer = asked[0]["messageId"], asked[-1]["messageId"]

        again = await turn(client, "regenerate", sessionId=session, messageId=answer)
        editing = {"sessionId": session, "messageId": question, "content": f"{QUESTION} Tell me."}
        edited = await turn(client, "edit", **editing)
        without = await turn(client, "edit", **editing, attachments=[])

        served.script("So far ", WaitFor(asyncio.Event()))
        await client.ask(session, QUESTION, attachments=[shelf.colors])
        await client.next("token")
        corrected = await turn(client, "steer", sessionId=session, content="Shorter, please.")
        shown = (await snapshot(served, session))["messages"]

    for events in (again, edited, corrected):
        assert documents(events) == {shelf.colors}
    assert documents(without) == {shelf.colors, shelf.rules}
    assert [each["attachments"] for each in shown if "attachments" in each] == [[shelf.colors]] * 4


async def turn(client: Talk, command: str, **fields: object) -> list[Frame]:
    """Say what begins a turn, and return its events."""
    await client.say(command, **fields)
    return await client.turn((await client.next("ack"))["turnId"])


async def snapshot(served: Served, session: str) -> Any:
    async with served.browse() as browser:
        return (await browser.get(f"/api/v1/conversations/{session}")).json()


async def test_what_is_no_document_of_the_workspace_is_refused_by_its_field(
    shelf: Shelf,
) -> None:
    served, session = shelf.served, shelf.served.new_session()
    async with served.browse() as browser:
        made = await browser.post("/api/v1/workspaces", json={"name": "Other"})
    foreign = await upload(served, made.json()["id"], "Elsewhere.", "other.txt")
    unread = await upload(served, shelf.workspace, " ", "empty.txt")
    async with served.connect() as client, served.browse() as browser:
        for wrong in (["d_none"], [shelf.rules, foreign], [unread], ["d"] * 33, "d", [7]):
            await client.say("chat_message", sessionId=session, content=QUESTION, attachments=wrong)
            told = await client.next("error")
            assert told["code"] == "invalid_field"
            assert told["detail"]["field"].startswith("attachments")
            body = {"type": "chat_message", "content": QUESTION, "attachments": wrong}
            posted = await browser.post(f"/api/v1/conversations/{session}/commands", json=body)
            assert (posted.status_code, posted.json()["field"]) == (400, told["detail"]["field"])
            assert posted.json()["title"] == told["message"]
        # Nothing was begun.
        assert (await browser.get(f"/api/v1/conversations/{session}")).status_code == 404


async def test_what_was_asked_stays_asked_when_its_document_is_removed(shelf: Shelf) -> None:
    served, session = shelf.served, shelf.served.new_session()
    asking: dict[str, Any] = {"clientMessageId": "k", "attachments": [shelf.rules]}
    async with served.connect() as client:
        await client.answer(session, QUESTION, **asking)
        await shelf.remove(shelf.rules)

        await client.say("chat_message", sessionId=session, content=QUESTION, **asking)
        assert (await client.next("ack"))["duplicate"] is True
        await client.say("chat_message", sessionId=session, content=QUESTION, clientMessageId="k")
        assert (await client.next("error"))["code"] == "idempotency_conflict"

        answer = (await snapshot(served, session))["messages"][-1]["messageId"]
        events = await turn(client, "regenerate", sessionId=session, messageId=answer)
    text = "".join(event["content"] for event in events if event["type"] == "token")
    assert text == "The documents that this question is about have been removed."


async def test_a_posted_question_and_its_stream_have_the_attachments(shelf: Shelf) -> None:
    async with shelf.served.browse() as browser:
        at = f"/api/v1/conversations/{shelf.served.new_session()}"
        body = {"type": "chat_message", "content": QUESTION, "attachments": [shelf.colors]}
        assert (await browser.post(f"{at}/commands", json=body)).status_code == 200
        async with stream(browser, f"{at}/events?cursor=0") as reader:
            created = await reader.next("message.created")
            assert created["attachments"] == [shelf.colors]
            await reader.next("done")
        page = (await browser.get(f"{at}/poll?cursor=0")).json()
    assert documents(page["events"]) == {shelf.colors}


async def test_the_python_client_attaches_documents(shelf: Shelf) -> None:
    served = shelf.served
    async with groundwire_client.connect(served.http, token=served.key) as client:
        conversation = client.conversation("test_123")
        answer = await conversation.ask(QUESTION, attachments=[shelf.colors])
        await answer.done()
        assert {source.document_id for source in answer.sources} == {shelf.colors}
        question = conversation.messages[0]
        assert question.attachments == (shelf.colors,)

        edited = await conversation.edit(question.message_id, QUESTION, attachments=[])
        await edited.done()
        assert {source.document_id for source in edited.sources} == {shelf.colors, shelf.rules}
