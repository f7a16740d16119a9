"""Correcting an answer while it runs, asking in other words, and what a busy conversation does."""

import asyncio
from typing import Any

import pytest

from groundwire.adapters.models.scripted import Hang, WaitFor
from tests.support.server import Served
from tests.support.socket import Frame, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def types(events: list[Frame]) -> list[str]:
    return [event["type"] for event in events]


def text(events: list[Frame]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "token")


async def begin(served: Served, client: Talk, *steps: Any) -> tuple[str, Frame]:
    """Ask for an answer that says ``steps`` and then nothing; return once the first is said."""
    served.script(*steps, Hang())
    session = served.new_session()
    ack = await client.ask(session, "Tell me.")
    await client.next("token")
    return session, ack


async def test_a_correction_ends_the_answer_and_is_gone_on_with(served: Served) -> None:
    async with served.connect() as client, served.connect() as other:
        session, first = await begin(served, client, "Wrong")
        await other.say("attach", sessionId=session, cursor="0")
        served.script("Right")

        await client.say("steer", sessionId=session, content="No.", clientMessageId="s1", id=3)

        ack = await client.next("ack")
        assert (ack["ref"], ack["clientMessageId"]) == (3, "s1")
        seen = [await other.until(lambda f: f["type"] == "steer.accepted")]
        assert (seen[0]["turnId"], seen[0]["content"]) == (first["turnId"], "No.")
        ended = (await other.turn(first["turnId"]))[-1]
        assert ended["finishReason"] == "steered"
        events = await other.turn(ack["turnId"])
        assert types(events)[:3] == ["message.created", "steer.applied", "turn.started"]
        assert (events[0]["content"], events[0]["parentId"]) == ("No.", ended["messageId"])
        assert events[1]["steered"] == first["turnId"]
        assert text(events) == "Right"


async def test_the_model_is_told_what_was_corrected(served: Served) -> None:
    async with served.connect() as client:
        session, _ = await begin(served, client, "Wrong")
        ack = await client.ask(session, "No.", onBusy="steer")
        await client.turn(ack["turnId"])
        said = [message.content for message in served.model.requests[-1].messages[1:]]
        assert said == ["Tell me.", "Wrong", "No."]


async def test_the_same_correction_again_is_the_same_turn(served: Served) -> None:
    async with served.connect() as client:
        session, _ = await begin(served, client, "Wrong")
        fields = {"sessionId": session, "content": "No.", "clientMessageId": "s1"}
        await client.say("steer", **fields)
        first = await client.next("ack")
        await client.turn(first["turnId"])
        await client.say("steer", **fields)
        again = await client.next("ack")
        assert (again["turnId"], again["duplicate"]) == (first["turnId"], True)
        await client.say("steer", **{**fields, "content": "Yes."})
        assert (await client.next("error"))["code"] == "idempotency_conflict"


@pytest.mark.parametrize(
    "again", [{"type": "steer"}, {"type": "chat_message", "onBusy": "steer"}], ids=["steer", "ask"]
)
async def test_the_same_correction_again_does_not_end_the_answer_to_it(
    served: Served, again: dict[str, str]
) -> None:
    go_on = asyncio.Event()
    async with served.connect() as client:
        session, _ = await begin(served, client, "Wrong")
        served.script("Right", WaitFor(go_on), ", as you say")
        command = {**again, "sessionId": session, "content": "No.", "clientMessageId": "s1"}
        await client.say(**command)
        first = await client.next("ack")
        await client.until(lambda frame: frame.get("content") == "Right")
        await client.say(**command)
        assert (await client.next("ack"))["duplicate"]
        go_on.set()
        events = await client.turn(first["turnId"])
        assert events[-1]["finishReason"] == "stop"


async def test_a_correction_that_comes_too_late_is_given_back(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        done = (await client.answer(session))[-1]
        await client.say("steer", sessionId=session, content="No.", clientMessageId="s1", id=9)
        refused = await client.next("steer.failed")
        assert (refused["ref"], refused["content"], refused["reason"]) == (9, "No.", "not_running")
        assert "seq" not in refused
        session, _ = await begin(served, client, "Wrong")
        await client.say("steer", sessionId=session, content="No.", turnId=done["turnId"])
        assert (await client.next("steer.failed"))["content"] == "No."
        await client.say("cancel", sessionId=session)
        await client.next("done")


async def test_a_question_in_other_words_is_a_branch_beside_it(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        await client.answer(session, "First.")
        first = await client.answer(session, "Secnd.")
        question = first[0]
        await client.say(
            "edit", sessionId=session, messageId=question["messageId"], content="Second."
        )
        edited = await client.turn((await client.next("ack"))["turnId"])
        created = edited[0]
        assert (created["content"], created["forkOf"]) == ("Second.", question["messageId"])
        assert created["parentId"] == question["parentId"]
        said = [message.content for message in served.model.requests[-1].messages[1:]]
        assert said == ["First.", "First.", "Second."]


async def test_the_first_question_in_other_words_follows_nothing(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        first = await client.answer(session, "Frist.")
        await client.say("edit", sessionId=session, messageId=first[0]["messageId"], content="1st.")
        edited = await client.turn((await client.next("ack"))["turnId"])
        assert "parentId" not in edited[0]


async def test_only_a_question_of_this_conversation_can_be_edited(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        done = (await client.answer(session))[-1]
        for message in ("m_unknown", done["messageId"]):
            await client.say("edit", sessionId=session, messageId=message, content="x", id=message)
            error = await client.next("error")
            assert (error["code"], error["ref"]) == ("not_found", message)


async def test_a_question_can_follow_an_older_answer(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        first = (await client.answer(session, "One."))[-1]
        await client.answer(session, "Two.")
        events = await client.answer(session, "Other two.", parentId=first["messageId"])
        assert events[0]["parentId"] == first["messageId"]
        said = [message.content for message in served.model.requests[-1].messages[1:]]
        assert said == ["One.", "One.", "Other two."]


async def test_a_question_may_end_the_answer_that_runs(served: Served) -> None:
    async with served.connect() as client:
        session, first = await begin(served, client, "Long")
        ack = await client.ask(session, "Instead.", onBusy="cancel")
        assert (await client.turn(first["turnId"]))[-1]["finishReason"] == "cancelled"
        assert text(await client.turn(ack["turnId"])) == "Instead."


async def test_to_steer_or_cancel_where_nothing_runs_is_to_ask(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        for wish in ("steer", "cancel"):
            events = await client.answer(session, wish, onBusy=wish)
            assert text(events) == wish


async def test_options_reach_the_model(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        await client.answer(session, options={"temperature": 0.9, "maxTokens": 7})
        request = served.model.requests[-1]
        assert (request.temperature, request.max_tokens) == (0.9, 7)
        await client.say(
            "chat_message", sessionId=session, content="x", options={"tools": ["hammer"]}
        )
        error = await client.next("error")
        assert (error["code"], error["detail"]["field"]) == ("invalid_field", "options.tools")
