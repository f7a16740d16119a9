"""The Python client against the real server, over one WebSocket."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from groundwire.adapters.models.scripted import Fail, Say, WaitFor
from groundwire.model.errors import ModelUnavailable as ServerUnavailable
from groundwire_client import Answer, Conversation, Groundwire, Options, connect, errors
from tests.support.server import Served
from tests.support.socket import eventually

GUIDE = "The ground wire carries the fault current back to the transformer."
FILLING = "# Nights\n\nA build server compiles packages and sends a report in the morning.\n\n"

pytestmark = pytest.mark.asyncio(loop_scope="module")


def client(served: Served) -> Groundwire:
    return connect(served.http, token=served.key, timeout_s=10)


def tasks_of_clients() -> set[str]:
    """Return the tasks that run code of the client library, or of what it builds on."""
    return {
        f"{task.get_name()}: {code.co_qualname}"
        for task in asyncio.all_tasks()
        if (code := getattr(task.get_coro(), "cr_code", None)) is not None
        and any(
            name in code.co_filename for name in ("/groundwire_client/", "/websockets/asyncio/")
        )
    }


async def text_of(answer: Answer) -> str:
    return "".join([str(piece) async for piece in answer])


async def notices_of(conversation: Conversation) -> list[object]:
    return [notice async for notice in conversation.notices()]


async def is_as_the_server_has_it(served: Served, conversation: Conversation) -> bool:
    async with served.browse() as browser:
        snapshot = (await browser.get(f"/api/v1/conversations/{conversation.id}")).json()
    state = conversation.state
    shown = {
        "messages": state.messages,
        "turns": state.turns,
        "turn": state.turn,
        "approvals": state.approvals,
    }
    assert json.loads(msgspec.json.encode(shown)) == {name: snapshot[name] for name in shown}
    assert conversation.cursor == snapshot["cursor"]
    return all(each.is_proved for each in state.messages if each.role == "assistant")


async def test_a_question_is_answered_piece_by_piece_and_proved(served: Served) -> None:
    served.script(Say("hm", reasoning=True), "The grass ", "is 绿色的 ", "😀.")
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())

        answer = await conversation.ask("What is debmake?")

        assert await text_of(answer) == "The grass is 绿色的 😀."
        message = await answer.done()
        assert (answer.text, answer.reasoning) == ("The grass is 绿色的 😀.", "hm")
        assert (answer.status, message.finish_reason, message.model) == ("done", "stop", "scripted")
        assert await is_as_the_server_has_it(served, conversation)


async def test_what_was_said_is_there_when_a_conversation_is_opened(served: Served) -> None:
    session = served.new_session()
    async with client(served) as groundwire:
        served.script("one")
        await (await groundwire.conversation(session).ask("first")).done()
    async with client(served) as groundwire:
        conversation = groundwire.conversation(session)

        state = await conversation.loaded()

        assert [message.content for message in state.messages] == ["first", "one"]
        answer = conversation.answer(state.messages[-1].turn_id)
        assert await text_of(answer) == "one"


async def test_an_answer_goes_on_while_nobody_is_there_and_is_whole_for_who_comes_back(
    served: Served,
) -> None:
    session, go_on = served.new_session(), asyncio.Event()
    served.script("one ", WaitFor(go_on), "two")
    async with client(served) as groundwire:
        answer = await groundwire.conversation(session).ask("Count.")
        assert await anext(aiter(answer)) == "one "
    go_on.set()
    async with client(served) as groundwire:
        again = groundwire.conversation(session).answer(answer.turn_id)

        assert await text_of(again) == "one two"


async def test_several_conversations_share_one_connection(served: Served) -> None:
    async with client(served) as groundwire:
        for n in range(5):
            served.script(f"answer {n}")
            conversation = groundwire.conversation(served.new_session())
            answer = await conversation.ask(f"question {n}")
            assert (await answer.done()).content == f"answer {n}"
        assert len(served.groundwire.hub.members) == 1


async def test_the_same_id_is_the_same_conversation_until_it_is_closed(served: Served) -> None:
    async with client(served) as groundwire:
        session = served.new_session()
        conversation = groundwire.conversation(session)
        assert groundwire.conversation(session) is conversation

        await conversation.aclose()

        with pytest.raises(errors.Closed):
            await conversation.ask("Still there?")
        again = groundwire.conversation(session)
        assert again is not conversation
        await (await again.ask("And now?")).done()


async def test_a_cancelled_answer_keeps_what_it_said(served: Served) -> None:
    served.script("one ", WaitFor(asyncio.Event()))
    async with client(served) as groundwire:
        answer = await groundwire.conversation(served.new_session()).ask("Count.")
        assert await anext(aiter(answer)) == "one "

        assert await answer.cancel()

        message = await answer.done()
        assert (message.content, message.finish_reason) == ("one ", "cancelled")
        assert not await answer.cancel()


async def test_a_turn_that_fails_raises_its_error_after_what_it_said(served: Served) -> None:
    served.script("Because", Fail(ServerUnavailable("The model is away. Try again.")))
    async with client(served) as groundwire:
        answer = await groundwire.conversation(served.new_session()).ask("Why?")
        said: list[object] = []

        with pytest.raises(errors.ModelUnavailable, match="is away") as caught:
            said.extend([piece async for piece in answer])

        assert caught.value.retryable
        assert (answer.text, answer.finish_reason) == ("Because", "error")


async def test_the_same_client_message_id_is_the_same_question(served: Served) -> None:
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        first = await conversation.ask("Why?", client_message_id="k1")
        await first.done()

        again = await conversation.ask("Why?", client_message_id="k1")

        assert again.turn_id == first.turn_id
        assert (await again.done()) == (await first.done())
        with pytest.raises(errors.IdempotencyConflict):
            await conversation.ask("Who?", client_message_id="k1")


async def test_an_edited_question_and_another_attempt_are_branches(served: Served) -> None:
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        first = await (await conversation.ask("Why?")).done()
        question = conversation.messages[0]

        edited = await conversation.edit(question.message_id, "Why not?")
        await edited.done()
        retried = await conversation.answer(first.turn_id).regenerate()
        await retried.done()

        (other,) = [each for each in conversation.messages if each.turn_id == edited.turn_id][:1]
        assert (other.content, other.fork_of) == ("Why not?", question.message_id)
        assert (await retried.done()).fork_of == first.message_id
        assert await is_as_the_server_has_it(served, conversation)


async def test_what_the_server_does_not_take_is_its_typed_error(served: Served) -> None:
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        with pytest.raises(errors.UnknownModel) as caught:
            await conversation.ask("Why?", model="no-such-model")
        assert "scripted" in str(caught.value.detail["models"])
        with pytest.raises(errors.InvalidField):
            await conversation.ask("")
        served.script("one ", WaitFor(asyncio.Event()))
        running = await conversation.ask("Count.", options=Options(temperature=0.1))
        assert await anext(aiter(running)) == "one "
        with pytest.raises(errors.Busy):
            await conversation.ask("And?", on_busy="reject")
        await running.cancel()


async def test_what_is_larger_than_the_server_takes_is_not_sent(served: Served) -> None:
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        await conversation.loaded()

        with pytest.raises(errors.TooLarge):
            await conversation.ask("x" * 1_048_576)

        assert groundwire.connection.status.state == "live"
        await (await conversation.ask("Short?")).done()


async def test_a_conversation_of_somebody_else_is_refused_and_the_others_go_on(
    served: Served,
) -> None:
    async with served.browse(await served.add_user("eve")) as browser:
        foreign = (await browser.post("/api/v1/conversations", json={})).json()["id"]
    async with client(served) as groundwire:
        mine = groundwire.conversation(served.new_session())
        await mine.loaded()

        with pytest.raises(errors.Forbidden):
            await groundwire.conversation(foreign).loaded()

        assert (await (await mine.ask("Still?")).done()).finish_reason == "stop"


async def test_a_conversation_that_is_deleted_ends_and_the_others_go_on(served: Served) -> None:
    async with client(served) as groundwire:
        other = groundwire.conversation(served.new_session())
        conversation = groundwire.conversation(served.new_session())
        served.script("one ", WaitFor(asyncio.Event()))
        answer = await conversation.ask("Count.")
        assert await anext(aiter(answer)) == "one "

        await groundwire.rest.delete_conversation(conversation.id)

        with pytest.raises(errors.Gone):
            _ = [state async for state in conversation.changes()]
        with pytest.raises(errors.Gone):
            await conversation.ask("Still there?")
        assert conversation.is_closed
        assert (await (await other.ask("And you?")).done()).finish_reason == "stop"


async def test_changes_show_the_newest_state_to_whoever_is_slow(served: Served) -> None:
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        changes = conversation.changes()
        assert (await anext(changes)).messages == ()
        await (await conversation.ask("one two three")).done()

        seen = [await anext(changes)]

        assert seen[0] is conversation.state
        await conversation.aclose()
        assert [state async for state in changes] == []


async def test_a_client_that_is_closed_says_so_and_leaves_nothing_behind(served: Served) -> None:
    await eventually(lambda: not served.groundwire.hub.members)
    assert tasks_of_clients() == set()
    groundwire = client(served)
    conversation = groundwire.conversation(served.new_session())
    served.script("one ", WaitFor(asyncio.Event()))
    answer = await conversation.ask("Count.")
    reading = asyncio.create_task(text_of(answer))
    watching = asyncio.create_task(notices_of(conversation))
    statuses = groundwire.connection.changes()
    assert len(tasks_of_clients()) > 2
    assert (await anext(statuses)).state == "live"
    workspace = groundwire.workspace((await groundwire.rest.workspaces())[0].id)
    await workspace.loaded()

    await groundwire.aclose()

    with pytest.raises(errors.Closed):
        await reading
    with pytest.raises(errors.Closed):
        await conversation.ask("Still there?")
    assert await watching == []
    assert [status.state async for status in statuses] == ["closed"]
    await eventually(lambda: not served.groundwire.hub.members)
    assert tasks_of_clients() == set()
    async with served.browse() as browser:
        await browser.delete(f"/api/v1/conversations/{conversation.id}")


async def test_who_stops_waiting_for_an_answer_to_a_command_leaves_nothing_behind(
    served: Served,
) -> None:
    """The question may have been taken; what is left of it here is nothing."""
    async with client(served) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        asking = asyncio.create_task(conversation.ask("Why?"))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        await (await conversation.ask("And now?")).done()

        assert await is_as_the_server_has_it(served, conversation)


async def test_a_server_that_is_away_is_said_in_time(unused_port: int) -> None:
    async with connect(f"http://127.0.0.1:{unused_port}", token="k", timeout_s=2) as groundwire:
        conversation = groundwire.conversation("c")

        with pytest.raises(errors.Unanswered) as caught:
            await conversation.ask("Anybody?")

        assert isinstance(caught.value.__cause__, errors.Unreachable)
        assert groundwire.connection.status.state in ("connecting", "offline")
        with pytest.raises(errors.Unreachable):
            await groundwire.rest.models()


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
    return port


async def test_the_resources_are_there(served: Served) -> None:
    async with client(served) as groundwire:
        rest = groundwire.rest
        workspace = await rest.create_workspace("Grounding")
        workspace = await rest.change_workspace(workspace.id, name="Earthing")
        assert workspace.name == "Earthing"
        assert workspace in await rest.workspaces()
        assert await rest.workspace(workspace.id) == workspace
        assert (await rest.me()).role == "owner"
        key = await rest.create_key("laptop", "reader")
        (listed,) = [each for each in await rest.keys() if each.name == "laptop"]
        assert (key.key.startswith("gw_"), listed.role) == (True, "reader")
        await rest.revoke_key(listed.id)
        conversation = await groundwire.create_conversation(workspace.id)
        await rest.rename_conversation(conversation.id, "About wires")
        (about,) = await rest.conversations(workspace.id)
        assert (about.id, about.title) == (conversation.id, "About wires")
        assert (await rest.conversation(conversation.id)).title == "About wires"
        models = await rest.models()
        assert "scripted" in {model.name for model in models.models}
        assert models.auto is not None
        with pytest.raises(errors.NotFound):
            await rest.document("nothing")


async def test_a_document_is_followed_from_its_upload_until_it_is_found(served: Served) -> None:
    async with client(served) as groundwire:
        mine = await groundwire.rest.create_workspace("Wires")
        workspace = groundwire.workspace(mine.id)
        text = f"{GUIDE}\n\n" + FILLING * 30

        good, bad = await workspace.upload(
            ("guide.md", text.encode()), ("broken.pdf", b"%PDF-1.7 nothing")
        )

        seen = [document.status async for document in good]
        assert seen[-1] == "ready"
        document = await good.ready()
        assert (document.searchable, document.embedded) == ("meaning", document.chunks)
        with pytest.raises(errors.UnreadableDocument):
            await bad.ready()
        assert {each.title for each in await workspace.loaded()} == {"guide.md", "broken.pdf"}
        found = await groundwire.rest.search(mine.id, "fault current", limit=3)
        assert (len(found) <= 3, found[0].document_id) == (True, document.id)
        assert document.id is not None
        assert await groundwire.rest.content(document.id) == text.encode()
        served.script("The fault current [1].")
        conversation = await groundwire.create_conversation(mine.id)
        answer = await conversation.ask(GUIDE)
        await answer.done()
        assert answer.sources[0].title == "guide.md"
        assert answer.citations[0].source_id == answer.sources[0].id
        await groundwire.rest.delete_document(document.id)
        await eventually(lambda: [each.title for each in workspace.documents] == ["broken.pdf"])
        assert await is_as_the_server_has_it(served, conversation)


async def test_a_file_of_this_machine_can_be_uploaded(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Four ohms at most.", "utf-8")
    async with client(served) as groundwire:
        mine = await groundwire.rest.create_workspace("Notes")
        (upload,) = await groundwire.workspace(mine.id).upload(path)

        assert (await upload.ready()).title == "notes.txt"


async def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no address of a server"):
        connect("localhost:3001")
    with pytest.raises(ValueError, match="at least one transport"):
        connect("http://localhost:3001", transports=())
