"""Tool calls over HTTP: what endpoints are sent, what they send, and those that take no tools."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from groundwire.adapters.models.calls import UNREADABLE
from groundwire.adapters.models.ollama import Ollama
from groundwire.adapters.models.openai_compatible import OpenAIEndpoint
from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from groundwire.adapters.models.upstream import Timeouts
from groundwire.model.errors import ModelUnavailable
from groundwire.ports.chat_model import (
    Call,
    ChatModel,
    ChatRequest,
    Delta,
    Finish,
    Message,
    ModelInfo,
    ToolSpec,
)

NAME = "llama3:latest"
INFO = ModelInfo(name=NAME, provider="openai", window_tokens=4096)
PLAIN = ChatRequest(
    messages=(
        Message(role="system", content="Be brief."),
        Message(role="user", content="What?"),
        Message(role="assistant", content="That."),
        Message(role="user", content="Why?"),
    ),
    question="Why?",
)
SCHEMA: dict[str, object] = {"type": "object", "properties": {"page": {"type": "integer"}}}
READ = ToolSpec(name="read", description="Reads a page.", schema=SCHEMA)
OFFERED = msgspec.structs.replace(PLAIN, tools=(READ,))
CALL = Call(id="call-1", name="read", input={"page": 1})
ANSWERED = msgspec.structs.replace(
    OFFERED,
    messages=(
        *PLAIN.messages,
        Message(role="assistant", content="", calls=(CALL,)),
        Message(role="tool", content="Page one.", call=CALL.id),
    ),
)
TOLD = {
    "type": "function",
    "function": {"name": "read", "description": "Reads a page.", "parameters": SCHEMA},
}
REFUSAL = '{"error": {"message": "Unsupported parameter: tools"}}'
OLLAMA_REFUSAL = '{"error": "registry.ollama.ai/library/llama3:latest does not support tools"}'


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def endpoint(server: ScriptedServer) -> AsyncIterator[OpenAIEndpoint]:
    endpoint = OpenAIEndpoint(server.url)
    yield endpoint
    await endpoint.aclose()


@pytest.fixture
async def ollama(server: ScriptedServer) -> AsyncIterator[Ollama]:
    ollama = Ollama(server.url)
    yield ollama
    await ollama.aclose()


async def finish_of(model: ChatModel, request: ChatRequest = OFFERED) -> Finish:
    *_, finish = [part async for part in model.stream(request)]
    assert isinstance(finish, Finish)
    return finish


def messages_of(server: ScriptedServer) -> list[object]:
    return msgspec.convert(server.asked[0].body["messages"], list[object])


def chunk(delta: dict[str, object], reason: str | None = None) -> bytes:
    whole = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


def called(arguments: str, id: str = "call-1") -> dict[str, object]:
    return {"index": 0, "id": id, "function": {"name": "read", "arguments": arguments}}


async def test_without_tools_openai_is_asked_as_ever(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    await finish_of(endpoint.model(INFO), PLAIN)

    assert json.dumps(server.asked[0].body, separators=(",", ":")) == (
        '{"model":"llama3:latest","messages":[{"role":"system","content":"Be brief."},'
        '{"role":"user","content":"What?"},{"role":"assistant","content":"That."},'
        '{"role":"user","content":"Why?"}],"stream":true,"max_tokens":1024,"temperature":0.2,'
        '"stream_options":{"include_usage":true}}'
    )


async def test_without_tools_ollama_is_asked_as_ever(
    server: ScriptedServer, ollama: Ollama
) -> None:
    await finish_of(ollama.model(INFO), PLAIN)

    assert json.dumps(server.asked[0].body, separators=(",", ":")) == (
        '{"model":"llama3:latest","messages":[{"role":"system","content":"Be brief."},'
        '{"role":"user","content":"What?"},{"role":"assistant","content":"That."},'
        '{"role":"user","content":"Why?"}],'
        '"options":{"num_ctx":4096,"num_predict":1024,"temperature":0.2},"stream":true}'
    )


async def test_openai_is_told_of_tools_calls_and_results(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    await finish_of(endpoint.model(INFO), ANSWERED)

    function = {"name": "read", "arguments": '{"page":1}'}
    assert server.asked[0].body["tools"] == [TOLD]
    assert messages_of(server)[-2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call-1", "function": function, "type": "function"}],
        },
        {"role": "tool", "content": "Page one.", "tool_call_id": "call-1"},
    ]


async def test_ollama_is_told_of_tools_calls_and_results(
    server: ScriptedServer, ollama: Ollama
) -> None:
    await finish_of(ollama.model(INFO), ANSWERED)

    function = {"name": "read", "arguments": {"page": 1}}
    assert server.asked[0].body["tools"] == [TOLD]
    assert messages_of(server)[-2:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call-1", "function": function}],
        },
        {
            "role": "tool",
            "content": "Page one.",
            "tool_name": "read",
            "tool_call_id": "call-1",
        },
    ]


@pytest.mark.parametrize("reason", ["tool_calls", "stop", "function_call", None])
async def test_calls_are_taken_whatever_the_endpoint_calls_its_reason(
    server: ScriptedServer, endpoint: OpenAIEndpoint, reason: str | None
) -> None:
    raw = (chunk({"tool_calls": [called('{"page": 1}')]}), chunk({}, reason), b"data: [DONE]\n\n")
    server.enqueue(Reply(raw=raw))

    finish = await finish_of(endpoint.model(INFO))

    assert (finish.reason, finish.calls) == ("tool", (CALL,))


async def test_calls_of_an_endpoint_that_does_not_stream_are_taken(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    message = {"content": None, "tool_calls": [called('{"page": 1}')]}
    whole = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    server.enqueue(Reply(raw=(json.dumps(whole).encode(),), json=True))

    assert (await finish_of(endpoint.model(INFO))).calls == (CALL,)


async def test_a_call_with_a_broken_input_is_handed_on_as_a_problem(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    raw = (chunk({"tool_calls": [called('{"page": ')]}, "tool_calls"), b"data: [DONE]\n\n")
    server.enqueue(Reply(raw=raw))

    finish = await finish_of(endpoint.model(INFO))

    assert finish.reason == "tool"
    assert finish.calls == (Call(id="call-1", name="read", input={}, problem=UNREADABLE),)


async def test_calls_that_nobody_offered_are_not_handed_on(
    server: ScriptedServer, endpoint: OpenAIEndpoint, ollama: Ollama
) -> None:
    for model in (endpoint.model(INFO), ollama.model(INFO)):
        server.enqueue(Reply(deltas=("I searched.",), calls=(CALL,)))

        finish = await finish_of(model, PLAIN)

        assert (finish.reason, finish.calls) == ("stop", ())


async def test_a_stream_that_breaks_off_within_a_call_is_an_error(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    server.enqueue(Reply(raw=(chunk({"tool_calls": [called('{"page": 1}')]}),)))

    with pytest.raises(ModelUnavailable, match="without saying so"):
        await finish_of(endpoint.model(INFO))


async def test_a_long_input_that_comes_in_pieces_is_no_silence(server: ScriptedServer) -> None:
    timeouts = Timeouts(first_token_s=0.5, idle_s=20.0)
    pieces = [called(""), *({"index": 0, "function": {"arguments": " "}} for _ in range(40))]
    raw = [chunk({"tool_calls": [piece]}) for piece in pieces]
    endpoint = OpenAIEndpoint(server.url, timeouts=timeouts)
    server.enqueue(Reply(raw=(*raw, b"data: [DONE]\n\n"), pace_s=0.02))

    finish = await finish_of(endpoint.model(INFO))

    assert finish.calls == (Call(id="call-1", name="read", input={}),)
    await endpoint.aclose()


async def test_an_endpoint_that_refuses_tools_is_asked_without_from_then_on(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    assert [info.tools for info in await endpoint.list_models()] == [True]
    server.enqueue(Reply(status=400, body=REFUSAL))

    for _ in range(2):
        assert (await finish_of(endpoint.model(INFO))).reason == "stop"

    assert ["tools" in asked.body for asked in server.asked] == [True, False, False]
    assert [info.tools for info in await endpoint.list_models()] == [False]


async def test_a_server_whose_refusal_of_tools_is_its_own_failure_is_asked_without(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    body = '{"error": {"message": "tools param requires --jinja flag", "code": 500}}'
    server.enqueue(Reply(status=500, body=body))

    assert (await finish_of(endpoint.model(INFO))).reason == "stop"
    assert "tools" not in server.asked[-1].body


async def test_a_complaint_about_the_results_of_tools_is_no_refusal_of_tools(
    server: ScriptedServer, endpoint: OpenAIEndpoint
) -> None:
    server.enqueue(Reply(status=400, body='{"error": {"message": "tools: missing a result"}}'))

    with pytest.raises(ModelUnavailable, match="missing a result"):
        await finish_of(endpoint.model(INFO), ANSWERED)
    assert [info.tools for info in await endpoint.list_models()] == [True]


async def test_a_model_of_ollama_that_refuses_tools_is_asked_without_from_then_on(
    server: ScriptedServer, ollama: Ollama
) -> None:
    (info,) = await ollama.list_models()
    server.enqueue(Reply(status=400, body=OLLAMA_REFUSAL))

    for _ in range(2):
        assert (await finish_of(ollama.model(info))).reason == "stop"

    assert ["tools" in asked.body for asked in server.asked] == [True, False, False]
    assert [info.tools for info in await ollama.list_models()] == [False]


async def test_ollama_says_which_models_take_tools(server: ScriptedServer, ollama: Ollama) -> None:
    server.models = (NAME, "toolless:latest")

    infos = await ollama.list_models()

    assert {info.name: info.tools for info in infos} == {NAME: True, "toolless:latest": False}


async def test_an_answer_beside_its_calls_is_kept(
    server: ScriptedServer, endpoint: OpenAIEndpoint, ollama: Ollama
) -> None:
    for model in (endpoint.model(INFO), ollama.model(INFO)):
        server.enqueue(Reply(thoughts=("Hm. ",), deltas=("I look.",), calls=(CALL,)))

        parts = [part async for part in model.stream(OFFERED)]

        assert parts[:2] == [Delta(content="Hm. ", reasoning=True), Delta(content="I look.")]
