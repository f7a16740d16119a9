"""The Python client is the same over each transport, and finds the one that holds."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from groundwire.adapters.models.scripted import WaitFor
from groundwire_client import Answer, Conversation, Groundwire, TransportName, connect, errors
from tests.support.certificate import make_certificate
from tests.support.proxy import Proxy, proxy
from tests.support.server import Served
from tests.support.socket import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL: tuple[TransportName, ...] = ("websocket", "sse", "poll")
over_each = pytest.mark.parametrize("transport", ALL)


@pytest_asyncio.fixture(loop_scope="module")
async def between(served: Served) -> AsyncGenerator[Proxy]:
    async with proxy(served.port) as between:
        yield between


def client(served: Served, transport: TransportName, **options: Any) -> Groundwire:
    known: dict[str, Any] = {"token": served.key, "timeout_s": 10}
    return connect(served.http, transports=(transport,), **(known | options))


async def first_of(answer: Answer) -> object:
    return await anext(aiter(answer))


async def assert_the_same(served: Served, conversation: Conversation) -> None:
    async with served.browse() as browser:
        snapshot = (await browser.get(f"/api/v1/conversations/{conversation.id}")).json()
    state = await conversation.loaded()
    shown = {"messages": state.messages, "turns": state.turns}
    assert json.loads(msgspec.json.encode(shown)) == {name: snapshot[name] for name in shown}


@over_each
async def test_a_conversation_that_is_not_there_yet_begins_with_its_first_question(
    served: Served, transport: TransportName, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is looked for because it was begun, and not because the time has come.
    monkeypatch.setattr("groundwire_client._http.BEGUN_S", 1000.0)
    async with client(served, transport) as groundwire, asyncio.timeout(30):
        conversation = groundwire.conversation(served.new_session())
        assert (await conversation.loaded()).messages == ()
        served.script("one ", "two")

        answer = await conversation.ask("Count.")

        assert (await answer.done()).content == "one two"
        await assert_the_same(served, conversation)


@over_each
async def test_a_question_that_comes_before_anything_is_loaded_is_answered(
    served: Served, transport: TransportName
) -> None:
    async with client(served, transport) as groundwire:
        answer = await groundwire.conversation(served.new_session()).ask("again and again")

        assert (await answer.done()).content == "again and again"


@over_each
async def test_what_runs_is_seen_cancelled_and_corrected(
    served: Served, transport: TransportName
) -> None:
    async with client(served, transport) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        served.script("one ", WaitFor(asyncio.Event()))
        answer = await conversation.ask("Count.")
        assert await first_of(answer) == "one "

        assert await answer.cancel()

        assert (await answer.done()).finish_reason == "cancelled"
        with pytest.raises(errors.SteerFailed) as caught:
            await answer.steer("In Chinese, please.")
        assert caught.value.content == "In Chinese, please."
        await assert_the_same(served, conversation)


@over_each
async def test_two_clients_see_one_conversation(served: Served, transport: TransportName) -> None:
    session = served.new_session()
    async with client(served, "websocket") as asker, client(served, transport) as reader:
        asking = asker.conversation(session)
        await asking.loaded()
        reading = reader.conversation(session)
        await reading.loaded()

        answer = await asking.ask("Who reads this?")
        message = await answer.done()

        assert await reading.answer(answer.turn_id).done() == message


@over_each
async def test_a_conversation_that_is_deleted_ends(
    served: Served, transport: TransportName
) -> None:
    async with client(served, transport) as groundwire:
        conversation = await groundwire.create_conversation()
        await conversation.loaded()
        other = await groundwire.create_conversation()

        await groundwire.rest.delete_conversation(conversation.id)

        with pytest.raises(errors.NotFound):
            _ = [state async for state in conversation.changes()]
        assert (await (await other.ask("And you?")).done()).content == "And you?"


@over_each
async def test_a_conversation_of_somebody_else_is_refused(
    served: Served, transport: TransportName
) -> None:
    async with served.browse(await served.add_user(f"eve-{transport}")) as browser:
        foreign = (await browser.post("/api/v1/conversations", json={})).json()["id"]
    async with client(served, transport) as groundwire:
        with pytest.raises(errors.Forbidden):
            await groundwire.conversation(foreign).loaded()
        with pytest.raises(errors.Forbidden):
            await groundwire.conversation(foreign).ask("May I?")


@over_each
async def test_a_bad_key_is_final(served: Served, transport: TransportName) -> None:
    async with client(served, transport, token="gw_wrong") as groundwire:
        with pytest.raises(errors.Unauthorized):
            await groundwire.conversation(served.new_session()).ask("Anybody?")
        assert groundwire.connection.status.state == "closed"


@over_each
async def test_a_key_that_is_revoked_in_the_midst_is_replaced(
    served: Served, transport: TransportName
) -> None:
    authenticator = served.groundwire.authenticator
    key = await authenticator.issue_key(await authenticator.owner(), "to be revoked", "owner")
    credential = (await authenticator.identify(key)).credential.id
    tokens, go_on = [key, served.key], asyncio.Event()
    served.script("one ", WaitFor(go_on), "two")
    async with client(served, transport, token=lambda: tokens.pop(0)) as groundwire:
        answer = await groundwire.conversation(served.new_session()).ask("Count.")
        assert await first_of(answer) == "one "

        await authenticator.revoke(credential)
        await eventually(lambda: not tokens)
        go_on.set()

        assert (await answer.done()).content == "one two"


@over_each
async def test_a_document_is_followed(served: Served, transport: TransportName) -> None:
    async with client(served, transport) as groundwire:
        mine = await groundwire.rest.create_workspace("Followed")
        workspace = groundwire.workspace(mine.id)

        (upload,) = await workspace.upload(("guide.md", b"# Wires\n\nFour ohms at most."))

        assert (await upload.ready()).searchable == "meaning"
        assert [document.title for document in workspace.documents] == ["guide.md"]


@over_each
async def test_a_page_of_the_log_can_be_read(served: Served, transport: TransportName) -> None:
    async with client(served, transport) as groundwire:
        conversation = groundwire.conversation(served.new_session())
        await (await conversation.ask("one two three")).done()

        page = await conversation.history(after=0, limit=3)

        assert [recorded.seq for recorded in page.events] == [1, 2, 3]
        assert page.has_more


@pytest.mark.parametrize("transport", ["websocket", "sse"])
async def test_devices_see_each_other(served: Served, transport: TransportName) -> None:
    session = served.new_session()
    async with client(served, "websocket") as one, client(served, transport) as two:
        mine = one.conversation(session)
        await mine.loaded()
        theirs = two.conversation(session)
        notices = theirs.notices()
        await theirs.loaded()
        await eventually(lambda: len(mine.present) == 1)
        await eventually(lambda: len(theirs.present) == 1)

        theirs.presence("away")
        await eventually(lambda: {each.state for each in mine.present.values()} == {"away"})
        mine.typing()
        mine.read(0)

        heard: list[str] = []
        async for notice in notices:
            heard.append(type(notice).__name__)
            if heard[-1] == "Read":
                break
        assert heard[-2:] == ["Typing", "Read"]
        await theirs.aclose()
        await eventually(lambda: not mine.present)


async def test_a_token_about_to_expire_is_renewed_by_another_stream(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator, hub = served.groundwire.authenticator, served.groundwire.hub
    token, expires_at = await authenticator.issue_session(await authenticator.owner())
    tokens = [token, served.key]
    async with client(served, "sse", token=lambda: tokens.pop(0)) as groundwire:
        conversation = await groundwire.create_conversation()
        await conversation.loaded()

        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() - 30)
        await eventually(lambda: not tokens)
        monkeypatch.setattr(hub, "wall", lambda: expires_at.timestamp() + 30)

        assert (await (await conversation.ask("Still here?")).done()).content == "Still here?"
        assert groundwire.connection.status.state == "live"


@over_each
async def test_what_is_said_faster_than_it_can_be_sent_costs_a_connection_and_no_question(
    served: Served, transport: TransportName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwire_client._websocket.WAITING", 8)
    monkeypatch.setattr("groundwire_client._http.WAITING", 8)
    async with client(served, transport) as groundwire:
        conversation = await groundwire.create_conversation()
        await conversation.loaded()
        asking = asyncio.create_task(conversation.ask("Do you hear me?"))
        await asyncio.sleep(0)

        for _ in range(20):
            conversation.typing()

        await eventually(lambda: groundwire.connection.status.state != "live")
        assert (await (await asking).done()).content == "Do you hear me?"


@over_each
async def test_a_certificate_that_is_trusted_is_needed_and_enough(
    served: Served, transport: TransportName, tmp_path: Path
) -> None:
    serving, trusting = make_certificate(tmp_path)
    async with proxy(served.port, serving) as secure:
        for verify in (trusting, False):
            async with connect(
                secure.http, token=served.key, transports=(transport,), verify=verify
            ) as groundwire:
                answer = await groundwire.conversation(served.new_session()).ask("In secret?")
                assert (await answer.done()).content == "In secret?"
        async with connect(
            secure.http, token=served.key, transports=(transport,), timeout_s=2.0
        ) as groundwire:
            with pytest.raises(errors.Unanswered) as caught:
                await groundwire.conversation(served.new_session()).ask("In secret?")
            assert "certificate" in str(caught.value.__cause__)


class TestFallback:
    """From the best transport to one that holds, and back when the better one does."""

    async def test_where_no_socket_is_let_through_there_is_a_stream(
        self, served: Served, between: Proxy
    ) -> None:
        between.refuses = b"Upgrade: websocket"
        async with connect(between.http, token=served.key, timeout_s=10) as groundwire:
            answer = await groundwire.conversation(served.new_session()).ask("Who lets me in?")

            assert (await answer.done()).content == "Who lets me in?"
            assert groundwire.connection.status.transport == "sse"
            upgrades = [path for path in between.requests if "/chat/stream" in path]
            assert len(upgrades) == 2

    async def test_where_no_stream_is_let_through_either_there_are_polls(
        self, served: Served, between: Proxy
    ) -> None:
        between.refuses = b"/events?"
        async with connect(
            between.http, token=served.key, timeout_s=10, transports=("sse", "poll")
        ) as groundwire:
            answer = await groundwire.conversation(served.new_session()).ask("Who lets me in?")

            assert (await answer.done()).content == "Who lets me in?"
            assert groundwire.connection.status.transport == "poll"

    async def test_a_better_transport_is_taken_when_it_works_and_the_answer_goes_on(
        self, served: Served, between: Proxy
    ) -> None:
        between.refuses = b"Upgrade: websocket"
        go_on = asyncio.Event()
        served.script("one ", WaitFor(go_on), "two")
        async with connect(
            between.http, token=served.key, timeout_s=10, better_after_s=0.05
        ) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            answer = await conversation.ask("Count.")
            assert await first_of(answer) == "one "
            assert groundwire.connection.status.transport == "sse"
            cursor = conversation.cursor

            between.refuses = None
            async for status in groundwire.connection.changes():
                if status.transport == "websocket" and status.state == "live":
                    break
            go_on.set()

            assert (await answer.done()).content == "one two"
            assert cursor is not None
            await assert_the_same(served, conversation)

    async def test_from_polls_it_climbs_to_a_stream_where_no_socket_is_let_through(
        self, served: Served, between: Proxy
    ) -> None:
        between.refuses = b"/events?"
        async with connect(
            between.http,
            token=served.key,
            timeout_s=10,
            transports=("sse", "poll"),
            better_after_s=0.05,
        ) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            await (await conversation.ask("One.")).done()
            assert groundwire.connection.status.transport == "poll"

            between.refuses = None
            async for status in groundwire.connection.changes():
                if status.transport == "sse" and status.state == "live":
                    break

            assert (await (await conversation.ask("Two.")).done()).content == "Two."
            await assert_the_same(served, conversation)

    async def test_a_server_that_is_away_does_not_make_it_leave_its_transport(
        self, served: Served, between: Proxy
    ) -> None:
        """Nothing at all answers at its address: no transport would fare better."""
        await between.close()
        async with connect(between.http, token=served.key, timeout_s=10) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            async for status in groundwire.connection.changes():
                assert status.transport == "websocket"
                if status.state == "offline":
                    break
            await between.open()
            groundwire.connection.retry_now()

            await conversation.loaded()

            assert groundwire.connection.status.transport == "websocket"
