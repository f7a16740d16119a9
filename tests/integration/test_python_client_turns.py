"""What happens to answers, seen by the Python client: corrections, tools, a lost server, a gap."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from groundwire.adapters.models.scripted import Hang, Use, WaitFor
from groundwire.model.ids import ConversationId, conversation_log
from groundwire_client import (
    Answer,
    Approval,
    Conversation,
    Groundwire,
    Reset,
    TransportName,
    connect,
    errors,
)
from tests.support.proxy import Proxy, proxy
from tests.support.server import Served, serve
from tests.support.site import open_site
from tests.support.socket import eventually
from tests.support.turns import converse

pytestmark = pytest.mark.asyncio(loop_scope="module")


def client(served: Served) -> Groundwire:
    return connect(served.http, token=served.key, timeout_s=10)


async def assert_the_same(served: Served, conversation: Conversation) -> None:
    async with served.browse() as browser:
        snapshot = (await browser.get(f"/api/v1/conversations/{conversation.id}")).json()
    state = await conversation.loaded()
    shown = {
        "messages": state.messages,
        "turns": state.turns,
        "approvals": state.approvals,
    }
    assert json.loads(msgspec.json.encode(shown)) == {name: snapshot[name] for name in shown}


async def begin(served: Served, conversation: Conversation, *steps: Any) -> Answer:
    """Ask for an answer that says ``steps`` and then nothing; return once the first is said."""
    served.script(*steps, Hang())
    answer = await conversation.ask("Tell me.")
    assert await anext(aiter(answer)) == steps[0]
    return answer


class TestCorrections:
    async def test_a_correction_ends_the_answer_and_is_answered(self, served: Served) -> None:
        async with client(served) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            wrong = await begin(served, conversation, "Wrong")
            served.script("Right")

            right = await wrong.steer("In Chinese, please.")

            assert (await wrong.done()).finish_reason == "steered"
            assert (await right.done()).content == "Right"
            question = conversation.state.find_message((await right.done()).parent_id or "")
            assert question is not None
            assert (question.content, question.steered) == ("In Chinese, please.", wrong.turn_id)
            await assert_the_same(served, conversation)

    async def test_a_question_may_correct_end_or_wait_for_the_answer_that_runs(
        self, served: Served
    ) -> None:
        async with client(served) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            first = await begin(served, conversation, "One")
            served.script("Two", Hang())
            second = await conversation.ask("Correct it.", on_busy="steer")
            assert await anext(aiter(second)) == "Two"
            served.script("Three")
            waits = await conversation.ask("Wait.")
            assert waits.status == "queued"
            third = await conversation.ask("End it.", on_busy="cancel")

            reasons = [
                (await answer.done()).finish_reason for answer in (first, second, waits, third)
            ]

            assert reasons == ["steered", "cancelled", "stop", "stop"]
            await assert_the_same(served, conversation)

    async def test_a_correction_that_comes_too_late_is_given_back(self, served: Served) -> None:
        async with client(served) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            answer = await conversation.ask("Tell me.")
            await answer.done()

            with pytest.raises(errors.SteerFailed) as caught:
                await answer.steer("No.")

            assert caught.value.content == "No."

    async def test_a_correction_of_an_answer_that_is_cancelled_first_is_given_back(
        self, served: Served
    ) -> None:
        async with client(served) as groundwire:
            conversation = groundwire.conversation(served.new_session())
            go_on = asyncio.Event()
            answer = await begin(served, conversation, "One", WaitFor(go_on))
            correction, _ = await asyncio.gather(
                conversation.steer("No."), answer.cancel(), return_exceptions=True
            )

            if isinstance(correction, Answer):
                try:
                    await correction.done()
                except errors.SteerFailed as error:
                    correction = error
            assert isinstance(correction, Answer | errors.SteerFailed)
            await assert_the_same(served, conversation)


class TestTools:
    @asynccontextmanager
    async def waiting(
        self, data: Path
    ) -> AsyncGenerator[tuple[Served, Groundwire, Answer, Approval]]:
        """Yield an answer whose tool waits to be allowed."""
        async with AsyncExitStack() as stack:
            site = await stack.enter_async_context(open_site())
            served = await stack.enter_async_context(
                serve(data, tools=("fetch_page",), fetch_allowed=(site.place,))
            )
            groundwire = await stack.enter_async_context(client(served))
            served.script("A look.", Use("fetch_page", {"url": f"{site.url}/page"}))
            conversation = groundwire.conversation("s")
            answer = await conversation.ask("What is at the lighthouse?")
            async for state in conversation.changes():
                if state.approvals:
                    break
            served.script("The lamp is lit at dusk.")
            yield served, groundwire, answer, conversation.approvals[0]

    async def test_a_call_that_is_allowed_is_done(self, tmp_path: Path) -> None:
        async with self.waiting(tmp_path) as (served, groundwire, answer, approval):
            conversation = groundwire.conversation("s")
            assert (approval.name, approval.turn_id) == ("fetch_page", answer.turn_id)

            await conversation.approve(approval.approval_id)

            assert (await answer.done()).content == "A look.\n\nThe lamp is lit at dusk."
            assert [use.status for use in answer.tools] == ["done"]
            assert conversation.approvals == ()
            await conversation.approve(approval.approval_id)
            with pytest.raises(errors.Conflict):
                await conversation.deny(approval.approval_id)
            await assert_the_same(served, conversation)

    async def test_a_call_that_is_denied_is_not_done(self, tmp_path: Path) -> None:
        async with self.waiting(tmp_path) as (served, groundwire, answer, approval):
            conversation = groundwire.conversation("s")

            await conversation.deny(approval.approval_id, reason="Not that page.")

            await answer.done()
            assert [(use.status, use.reason) for use in answer.tools] == [
                ("denied", "Not that page.")
            ]
            await assert_the_same(served, conversation)


async def test_a_server_that_ends_in_the_midst_is_followed_to_the_next_one(
    tmp_path: Path,
) -> None:
    """The next server begins the answer anew; the reader is told what to take back."""
    screen, seen = "", list[str | Reset]()
    async with proxy(9) as between:
        async with serve(tmp_path) as first:
            between.target = first.port
            groundwire = connect(between.http, token=first.key, timeout_s=30)
            conversation = groundwire.conversation("s")
            answer = await begin(first, conversation, "Half an ", "answer")
            reading = aiter(answer)
            while screen != "Half an answer":
                screen += str(await anext(reading))
        async with serve(tmp_path, scripts=[("A whole ", "one")]) as second, groundwire:
            between.target = second.port
            async for piece in reading:
                seen.append(piece)
                screen = screen[: piece.to_offset] if isinstance(piece, Reset) else screen + piece

            assert isinstance(seen[0], Reset)
            assert screen == answer.text == "A whole one"
            assert (await answer.done()).is_proved
            await assert_the_same(second, conversation)


@asynccontextmanager
async def away(between: Proxy) -> AsyncGenerator[None]:
    """Nothing is reached while this lasts."""
    await between.close()
    try:
        yield
    finally:
        await between.open()


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
async def test_what_was_missed_while_away_is_caught_up_with(
    served: Served, transport: TransportName
) -> None:
    """A long rest comes in merged events: it folds into the same."""
    go_on = asyncio.Event()
    deltas = [f"{n} 号 " for n in range(1200)]
    async with (
        proxy(served.port) as between,
        connect(
            between.http,
            token=served.key,
            timeout_s=30,
            transports=(transport,),
        ) as groundwire,
    ):
        conversation = groundwire.conversation(served.new_session())
        served.script("So: ", WaitFor(go_on), *deltas)
        answer = await conversation.ask("Count.")
        assert await anext(aiter(answer)) == "So: "
        async with away(between):
            await eventually(lambda: groundwire.connection.status.state != "live")
            go_on.set()
            await served.model.until_ended(len(served.model.requests))
        groundwire.connection.retry_now()

        message = await answer.done()

        assert message.content == "So: " + "".join(deltas)
        await assert_the_same(served, conversation)


async def test_a_log_that_was_put_back_loses_the_question_and_says_so(tmp_path: Path) -> None:
    """The conversation is deleted and begun anew under its name while the client is away."""
    async with (
        serve(tmp_path) as served,
        proxy(served.port) as between,
        connect(between.http, token=served.key, timeout_s=10) as groundwire,
    ):
        conversation = groundwire.conversation("s")
        answer = await begin(served, conversation, "One")
        async with away(between), served.browse() as browser, served.connect() as other:
            await eventually(lambda: groundwire.connection.status.state != "live")
            await browser.delete("/api/v1/conversations/s")
            await other.say("attach", sessionId="s")
            await other.next("snapshot")
        groundwire.connection.retry_now()

        with pytest.raises(errors.Lost):
            await answer.done()

        assert conversation.messages == ()


async def test_a_long_conversation_opens_with_its_newest_messages_and_pages_lead_to_the_first(
    served: Served,
) -> None:
    async with client(served) as groundwire:
        conversation = await groundwire.create_conversation()
        log = conversation_log(ConversationId(conversation.id))
        await conversation.aclose()
        await converse(served.groundwire.assistant.log, log, 110)
        conversation = groundwire.conversation(conversation.id)
        state = await conversation.loaded()
        assert (len(state.messages), state.has_more) == (50, True)

        while conversation.state.has_more:
            assert await conversation.older(limit=33)

        assert [each.message_id for each in conversation.messages] == [
            f"{kind}{n}" for n in range(1, 111) for kind in "qa"
        ]
        assert await conversation.older() == ()
        answer = await conversation.ask("And one more?")
        await answer.done()
        assert len(conversation.messages) == 222
        assert (await conversation.answer("t1").done()).message_id == "a1"
