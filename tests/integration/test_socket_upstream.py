"""Models over HTTP, seen from the socket: cancelled, down, slow, silent, cut short (G4, G9)."""

from collections.abc import AsyncGenerator
from hashlib import sha256

import pytest
import pytest_asyncio

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.support.server import Served, serve
from tests.support.socket import Frame

pytestmark = pytest.mark.asyncio(loop_scope="module")
SILENCE_S = 0.5


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstream() -> AsyncGenerator[ScriptedServer]:
    async with ScriptedServer(models=("scribe",)) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def relayed(
    upstream: ScriptedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Served]:
    """A server whose model is reached over HTTP, by two protocols."""
    async with serve(
        tmp_path_factory.mktemp("relayed"),
        openai_base_url=upstream.openai_url,
        ollama_url=upstream.url,
        first_token_timeout=SILENCE_S,
        token_timeout=SILENCE_S,
    ) as served:
        yield served


def text(events: list[Frame]) -> str:
    return "".join(event["content"] for event in events if event["type"] == "token")


@pytest.mark.parametrize("model", ["openai/scribe", "ollama/scribe"])
async def test_after_cancel_the_model_has_lost_its_request(
    relayed: Served, upstream: ScriptedServer, model: str
) -> None:
    upstream.enqueue(Reply(deltas=("a", "b"), end="hang"))
    async with relayed.connect() as client, relayed.connect() as other:
        session = relayed.new_session()
        ack = await client.ask(session, model=model)
        await client.until(lambda frame: frame.get("content") == "b")
        asked = upstream.asked[-1]
        assert asked.cut_at is None
        await other.say("cancel", sessionId=session)
        rest = await client.turn(ack["turnId"])
        assert rest[-1]["finishReason"] == "cancelled"
        assert rest[-1]["contentHash"] == sha256(b"ab").hexdigest()
        await upstream.until(lambda: asked.cut_at is not None)


FAILURES = {
    "refuses": (Reply(status=500, body="{}"), "model_unavailable", ""),
    "never begins": (Reply(delay_s=30), "upstream_timeout", ""),
    "falls silent": (Reply(deltas=("half",), end="hang"), "upstream_timeout", "half"),
    "hangs up": (Reply(deltas=("half",), end="reset"), "model_unavailable", "half"),
    "ends without saying so": (
        Reply(deltas=("half",), end="no_finish"),
        "model_unavailable",
        "half",
    ),
}


@pytest.mark.parametrize("failure", FAILURES, ids=list(FAILURES))
@pytest.mark.parametrize("model", ["openai/scribe", "ollama/scribe"])
async def test_a_failing_model_gets_a_typed_error_in_bounded_time_then_done(
    relayed: Served, upstream: ScriptedServer, model: str, failure: str
) -> None:
    reply, code, said = FAILURES[failure]
    upstream.enqueue(reply)
    async with relayed.connect() as client:
        session = relayed.new_session()
        events = await client.answer(session, model=model)
        assert [event["type"] for event in events[-2:]] == ["error", "done"]
        assert (events[-2]["code"], events[-2]["retryable"]) == (code, True)
        assert text(events) == said
        assert events[-1]["contentHash"] == sha256(said.encode()).hexdigest()
        # The conversation goes on.
        assert (await client.answer(session, model=model))[-1]["finishReason"] == "stop"


async def test_an_answer_cut_off_by_its_length_says_so(
    relayed: Served, upstream: ScriptedServer
) -> None:
    upstream.enqueue(Reply(deltas=("long",), end="length"))
    async with relayed.connect() as client:
        events = await client.answer(relayed.new_session(), model="scribe")
        assert events[-1]["finishReason"] == "length"
        assert events[-1]["usage"]["completionTokens"] == 1


async def test_a_question_resent_after_its_model_went_away_is_the_same_turn(
    relayed: Served, upstream: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relayed.connect() as client:
        session = relayed.new_session()
        question = {"model": "openai/scribe", "clientMessageId": "k"}
        ack = await client.ask(session, **question)
        await client.turn(ack["turnId"])
        await client.say("chat_message", sessionId=session, content="hi", model="gone")
        assert (await client.next("error"))["code"] == "unknown_model"
        aliases = relayed.groundwire.assistant.models
        monkeypatch.setattr(aliases, "_aliases", {"openai/scribe": "gone"})
        again = await client.ask(session, **question)
        assert (again["turnId"], again["duplicate"]) == (ack["turnId"], True)
