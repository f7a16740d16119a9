"""What becomes of a question: ack, events, and one end (G3, G4, G6, G9)."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest

from groundwire.adapters.models.scripted import End, Fail, Hang, Say, WaitFor
from groundwire.model.errors import ContextOverflow, ModelUnavailable, UpstreamTimeout
from tests.support.server import Served
from tests.support.socket import Frame, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def types(events: list[Frame]) -> list[str]:
    return [event["type"] for event in events]


def text(events: list[Frame]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "token")


def is_proved(events: list[Frame]) -> bool:
    """Whether the text is that of ``done``, which is the one end and the last event."""
    assert types(events).count("done") == 1
    assert types(events)[-1] == "done"
    return sha256(text(events).encode()).hexdigest() == events[-1]["contentHash"]


async def begin(served: Served, client: Talk, *steps: Any) -> tuple[str, Frame, asyncio.Event]:
    """Ask for an answer that says ``steps``, then waits for the event."""
    go_on = asyncio.Event()
    served.script(*steps, WaitFor(go_on), "never said")
    session = served.new_session()
    return session, await client.ask(session), go_on


async def test_a_question_is_acknowledged_then_answered_and_ended_once(served: Served) -> None:
    async with served.connect() as client:
        served.script("Hello", ", ", "世界")
        ack = await client.ask(served.new_session(), "你好", id=7, clientMessageId="k")
        events = await client.turn(ack["turnId"])
        assert types(client.frames)[:3] == ["welcome", "ack", "ready"]
        assert (ack["ref"], ack["clientMessageId"], ack["messageSeq"]) == (7, "k", 1)
        assert types(events)[:2] == ["message.created", "turn.started"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert text(events) == "Hello, 世界"
        assert is_proved(events)
        assert await client.nothing_more() == []


async def test_a_plain_chat_says_that_it_rests_on_no_documents(served: Served) -> None:
    async with served.connect() as client:
        events = await client.answer(served.new_session(), "你好，请介绍一下你自己")
        (status,) = [event for event in events if event["type"] == "status"]
        assert (status["status"], "sources" in types(events)) == ("generating", False)
        assert any("\u4e00" <= character <= "\u9fff" for character in status["msg"])


async def test_reasoning_is_told_and_is_no_part_of_the_answer(served: Served) -> None:
    async with served.connect() as client:
        served.script(Say("let me think", reasoning=True), "42")
        events = await client.answer(served.new_session())
        assert [event["content"] for event in events if event["type"] == "reasoning"] == [
            "let me think"
        ]
        assert text(events) == "42"
        assert is_proved(events)


async def test_two_fast_questions_are_answered_in_their_order(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        for word in ("one", "two", "three"):
            await client.say("chat_message", sessionId=session, content=word)
        asked: list[str] = []
        answered: list[str] = []
        while len(answered) < 3:
            frame = await client.receive()
            if frame["type"] == "message.created":
                asked.append(frame["content"])
            elif frame["type"] == "token":
                answered.append(frame["content"])
        assert (asked, answered) == (["one", "two", "three"], ["one", "two", "three"])


async def test_a_question_that_waits_says_so(served: Served) -> None:
    async with served.connect() as client:
        session, first, go_on = await begin(served, client, "a")
        second = await client.ask(session, "and then?")
        status = await client.next("status")
        while status["turnId"] != second["turnId"]:
            status = await client.next("status")
        assert status["status"] == "queued"
        assert status["msg"]
        go_on.set()
        await client.turn(first["turnId"])
        assert is_proved(await client.turn(second["turnId"]))


async def test_who_does_not_want_to_wait_is_told_and_a_full_queue_too(served: Served) -> None:
    async with served.connect() as client:
        session, _, _ = await begin(served, client, "a")
        await client.say("chat_message", sessionId=session, content="b", onBusy="reject", id=1)
        error = await client.next("error")
        assert (error["code"], error["ref"], error["retryable"]) == ("busy", 1, True)
        for n in range(10):
            await client.ask(session, f"waits {n}")
        await client.say("chat_message", sessionId=session, content="c", id=2)
        error = await client.next("error")
        assert (error["code"], error["ref"]) == ("queue_full", 2)
        await client.say("cancel", sessionId=session)
        for _ in range(11):
            await client.next("done")


class TestAskingTwice:
    async def test_the_same_question_again_is_the_same_turn(self, served: Served) -> None:
        async with served.connect() as client:
            session = served.new_session()
            ack = await client.ask(session, "once", clientMessageId="k1")
            again = await client.ask(session, "once", clientMessageId="k1")
            assert (again["turnId"], again["duplicate"]) == (ack["turnId"], True)
            assert again["messageSeq"] == ack["messageSeq"]
            await client.turn(ack["turnId"])
            asked = [frame for frame in client.frames if frame["type"] == "message.created"]
            assert len(asked) == 1

    async def test_after_a_reconnect_it_is_acknowledged_and_told_from_its_start(
        self, served: Served
    ) -> None:
        session = served.new_session()
        async with served.connect() as client:
            ack = await client.ask(session, "once", clientMessageId="k1")
            client.cut()
        async with served.connect() as client:
            again = await client.ask(session, "once", clientMessageId="k1")
            assert (again["turnId"], again["duplicate"]) == (ack["turnId"], True)
            assert is_proved(await client.turn(ack["turnId"]))

    async def test_another_text_under_the_same_id_is_a_conflict(self, served: Served) -> None:
        async with served.connect() as client:
            session = served.new_session()
            await client.ask(session, "one", clientMessageId="k1")
            await client.say("chat_message", sessionId=session, content="2", clientMessageId="k1")
            assert (await client.next("error"))["code"] == "idempotency_conflict"
            await client.next("done")

    async def test_two_connections_at_once_make_one_turn(self, served: Served) -> None:
        async with served.connect() as one, served.connect() as two:
            session = served.new_session()
            acks = await asyncio.gather(
                *(client.ask(session, "once", clientMessageId="k") for client in (one, two))
            )
            assert len({ack["turnId"] for ack in acks}) == 1
            assert sorted(ack.get("duplicate", False) for ack in acks) == [False, True]
            await asyncio.gather(one.next("done"), two.next("done"))


class TestCancel:
    @pytest.mark.parametrize("steps", [(), ("a", "b")], ids=["before a token", "mid-stream"])
    async def test_done_is_there_at_once_and_no_text_after_it(
        self, served: Served, steps: tuple[str, ...]
    ) -> None:
        async with served.connect() as client:
            session, ack, go_on = await begin(served, client, *steps)
            if steps:
                await client.until(lambda frame: frame.get("content") == "b")
            else:
                await client.next("status")
            async with asyncio.timeout(0.25):
                await client.say("cancel", sessionId=session)
                rest = await client.turn(ack["turnId"])
            assert rest[-1]["finishReason"] == "cancelled"
            assert rest[-1]["contentHash"] == sha256("".join(steps).encode()).hexdigest()
            go_on.set()
            assert "token" not in types(await client.nothing_more())

    async def test_right_behind_the_question_it_cancels_it(self, served: Served) -> None:
        """Wherever the turn is: waiting, about to begin, or begun."""
        async with served.connect() as client:
            for _ in range(20):
                session = served.new_session()
                long = "on and " * 500
                await client.say("chat_message", sessionId=session, content=long)
                await client.say("cancel", sessionId=session, id="stop")
                ack = await client.next("ack")
                async with asyncio.timeout(2):
                    rest = await client.turn(ack["turnId"])
                assert rest[-1]["finishReason"] == "cancelled"

    async def test_from_another_device_by_the_askers_id(self, served: Served) -> None:
        async with served.connect() as client, served.connect() as other:
            served.script("a", Hang())
            session = served.new_session()
            ack = await client.ask(session, clientMessageId="mine")
            await client.next("token")
            await other.say("cancel", sessionId=session, clientMessageId="mine")
            assert (await other.next("ack"))["turnId"] == ack["turnId"]
            assert (await client.turn(ack["turnId"]))[-1]["finishReason"] == "cancelled"

    async def test_one_that_waits_ends_and_what_follows_keeps_its_history(
        self, served: Served
    ) -> None:
        async with served.connect() as client:
            session, first, go_on = await begin(served, client, "first answer")
            second = await client.ask(session, "second question")
            third = await client.ask(session, "third question")
            await client.say("cancel", sessionId=session, turnId=second["turnId"])
            assert (await client.turn(second["turnId"]))[-1]["finishReason"] == "cancelled"
            go_on.set()
            events = await client.turn(third["turnId"])
            assert events[-1]["finishReason"] == "stop"
            prompt = json.dumps([m.content for m in served.model.requests[-1].messages])
            assert "first answer" in prompt
            assert first["turnId"] != third["turnId"]

    async def test_with_nothing_active_it_does_nothing_however_often(self, served: Served) -> None:
        async with served.connect() as client:
            session = served.new_session()
            await client.answer(session)
            for fields in ({}, {}, {"turnId": "t_none"}, {"clientMessageId": "never"}):
                await client.say("cancel", sessionId=session, **fields)
                assert (await client.next("ack"))["noop"] is True
            assert types(await client.nothing_more()) == []

    async def test_somebody_else_cannot(self, served: Served) -> None:
        async with served.connect() as client:
            session, _, go_on = await begin(served, client, "a")
            async with served.connect(key=await served.add_user("stranger")) as stranger:
                await stranger.say("cancel", sessionId=session)
                assert (await stranger.next("error"))["code"] == "not_found"
            go_on.set()
            await client.next("done")


async def test_an_answer_goes_on_when_nobody_looks(served: Served) -> None:
    async with served.connect() as client:
        session, ack, go_on = await begin(served, client, "a")
        await client.next("token")
        client.cut()
    go_on.set()
    async with served.connect() as client:
        await client.say("attach", sessionId=session, cursor="0")
        events = await client.turn(ack["turnId"])
        assert text(events) == "anever said"
        assert is_proved(events)


FAILURES = {
    "down": ((Fail(ModelUnavailable("It is down.")),), "model_unavailable", ""),
    "down midway": (("half", Fail(ModelUnavailable("Lost."))), "model_unavailable", "half"),
    "too slow": (("half", Fail(UpstreamTimeout("Silent."))), "upstream_timeout", "half"),
    "too long": ((Fail(ContextOverflow("Too long.")),), "context_overflow", ""),
    "no end": (("half", End(None)), "model_unavailable", "half"),
}


@pytest.mark.parametrize("failure", FAILURES, ids=list(FAILURES))
async def test_a_model_that_fails_is_told_of_and_the_turn_is_done(
    served: Served, failure: str
) -> None:
    steps, code, said = FAILURES[failure]
    async with served.connect() as client:
        served.script(*steps)
        events = await client.answer(session := served.new_session())
        assert types(events)[-2:] == ["error", "done"]
        assert (events[-2]["code"], events[-1]["finishReason"]) == (code, "error")
        assert text(events) == said
        assert is_proved(events)
        assert (await client.answer(session))[-1]["finishReason"] == "stop"


async def test_a_mistake_of_ours_is_told_without_its_insides(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(served.model, "stream", broken)
    async with served.connect() as client:
        events = await client.answer(served.new_session())
        assert (events[-2]["code"], "secret" in json.dumps(events)) == ("internal", False)
        assert is_proved(events)


async def test_regenerate_forks_and_both_answers_stay(served: Served) -> None:
    async with served.connect() as client:
        session = served.new_session()
        served.script("first try")
        first = await client.answer(session)
        served.script("second try")
        answer = first[-1]["messageId"]
        await client.say("regenerate", sessionId=session, messageId=answer, id="r")
        ack = await client.next("ack")
        second = await client.turn(ack["turnId"])
        assert (types(second)[0], text(second)) == ("status", "second try")
        started = next(event for event in second if event["type"] == "turn.started")
        assert started["forkOf"] == answer
        assert started["parentId"] == first[0]["messageId"]
        assert started["messageId"] != answer
        assert is_proved(second)
        await client.say("regenerate", sessionId=session, messageId="m_none")
        assert (await client.next("error"))["code"] == "not_found"
